import type { IncidentHead, IncidentMember } from '../../incidents/incident.ts'
import { hash } from '../../pipeline/hash.ts'
import type { Item } from '../buffer/buffer-items.ts'

/*
 * The table of incidents. KEY is that of an incident, RULE a hash of the rule's name; DynamoDB bills whole kilobytes, so
 * the names of attributes are one letter.
 *
 *   h#KEY        -                    where an incident is: j the head as JSON, v its version, f the first trace, u when
 *                                     somebody asked for its receivers again
 *   m#KEY#SHARD  <fired ms>#<signal>  a member: t trace, s service, r if it was retracted
 *   d#KEY        <episode>#<receiver> a delivery: j the row as JSON, v its version
 *   f#RECEIVER   -                    what a receiver was notified of alone, and its flood: j as JSON, v its version
 *   c#KEY        -                    when somebody looks at an incident next (n)
 *   x#RULE       <minute>             how often a rule was exercised (e) and held (h)
 *   mutes        <until ms>#<id>      a mute made by command: j the mute as JSON
 *   notify       -                    the file of receivers that open incidents were last sent by: e its ETag
 *
 * x is the expiry, in seconds since 1970; what is not over has none. The index holds only items with o: heads that are
 * open (n is RULE) or ended (n is when), checks and deliveries that somebody has to look at (n is when).
 */
export const INCIDENT_KEYS = { partition: 'pk', sort: 'sk', expiry: 'x' } as const
export const OPEN_INDEX = { name: 'open', partition: 'o', sort: 'n', others: ['f', 'v'] } as const

/** The prefix of heads in the table's stream. */
export const HEAD_PREFIX = 'h#'
/** The values of `o`. */
export const WORK = { open: 'open', ended: 'ended', check: 'check', delivery: 'delivery' } as const

/** 8,000 signals a second of one incident; a partition takes 1,000 writes. */
const SHARDS = 8
/** Longer than anything is tried again. */
export const MEMBER_DAYS = 30
/** As long as the members that are compared with it. */
export const EXERCISE_DAYS = 30
/** An incident that opens again after this begins with its first episode again. */
export const ENDED_DAYS = 90
/** Behind every time as it is written in a sort key. */
export const AFTER_TIMES = '~'

const ONLY = '-'

/** The key of an item. */
export function incidentItemKey(partition: string, sort: string = ONLY): Item {
  return { [INCIDENT_KEYS.partition]: { S: partition }, [INCIDENT_KEYS.sort]: { S: sort } }
}

export function headItemKey(key: string): Item {
  return incidentItemKey(`${HEAD_PREFIX}${key}`)
}

export function memberItemKey(key: string, signalId: string, firedAtMs: number): Item {
  const shard = (Number.parseInt(signalId.slice(-1), 16) || 0) % SHARDS
  return incidentItemKey(`m#${key}#${shard}`, `${sortableMs(firedAtMs)}#${signalId}`)
}

/** The partitions of an incident's members. */
export function memberPartitions(key: string): readonly string[] {
  return Array.from({ length: SHARDS }, (_, shard) => `m#${key}#${shard}`)
}

export function exercisePartition(rule: string): string {
  return `x#${ruleHash(rule)}`
}

/** A rule in a key: names may be longer than keys. */
export function ruleHash(rule: string): string {
  return hash(['rule', rule])
}

/** Milliseconds since 1970 as text that sorts as they do. */
export function sortableMs(ms: number): string {
  return String(Math.max(0, Math.floor(ms))).padStart(13, '0')
}

/** The head in an item. */
export function headIn(item: Item | undefined): IncidentHead | undefined {
  return item?.j?.S === undefined ? undefined : (JSON.parse(item.j.S) as IncidentHead)
}

/** Attributes of heads in the index. */
export const HEAD_INDEXED = ['o', 'n', 'f'] as const

/** What the index holds of a head; nothing of one that never opened. */
export function headIndex({ state, about, changedAtMs }: IncidentHead): Item {
  switch (state) {
    case 'none':
      return {}
    case 'resolved':
      return { o: { S: WORK.ended }, n: { S: sortableMs(changedAtMs) } }
    default:
      return { o: { S: WORK.open }, n: { S: ruleHash(about.rule) }, f: { S: about.first.traceId } }
  }
}

/** The key of the incident whose head has this key. */
export function incidentKeyIn(item: Item): string {
  return (item[INCIDENT_KEYS.partition]?.S ?? '').slice(HEAD_PREFIX.length)
}

/** The member in an item; its signal and time are in the key. */
export function memberIn(item: Item): IncidentMember {
  const [firedAt = '', ...signal] = (item[INCIDENT_KEYS.sort]?.S ?? '').split('#')
  return {
    signalId: signal.join('#'),
    firedAtMs: Number(firedAt),
    traceId: item.t?.S ?? '',
    service: item.s?.S ?? '',
  }
}
