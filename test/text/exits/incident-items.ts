import { headItemKey, incidentItemKey } from '../../../shared/aws/incidents/incident-items.ts'
import type { DeliveryRow } from '../../../shared/incidents/delivery.ts'
import type { IncidentHead } from '../../../shared/incidents/incident.ts'
import type { StoredMute } from '../../../shared/incidents/mutes/stored-mute.ts'

/** The key of the one incident that the table holds. */
export const LYING_KEY = 'a'.repeat(32)
const NOW_MS = Date.parse('2026-11-29T03:00:00Z')

type Items = readonly Record<string, object>[]

/** What the table of incidents answers to a read, where every text in its items is the same one; undefined for other tables. */
export function incidentItems(action: string, body: string, text: string): object | undefined {
  const sound = text.toWellFormed()
  const head = { ...headItemKey(LYING_KEY), j: { S: JSON.stringify(headOf(sound)) }, v: { N: '1' } }
  if (action === 'BatchGetItem') {
    const [name = ''] = Object.keys(JSON.parse(body).RequestItems)
    return { Responses: { [name]: [head] }, UnprocessedKeys: {} }
  }
  if (action === 'GetItem' && body.includes(`"h#${LYING_KEY}"`)) return { Item: head }
  if (action !== 'Query') return undefined
  const Items = queried(body, sound)
  return Items && { Items, Count: Items.length }
}

function queried(body: string, text: string): Items | undefined {
  if (body.includes('"IndexName":"open"')) return [{ ...headItemKey(LYING_KEY), f: { S: text }, v: { N: '1' } }]
  const [, partition = ''] = /"(mutes|[mdx]#[^"]*)"/.exec(body) ?? []
  switch (partition.slice(0, 2)) {
    case 'mu':
      return ['made', text].map((id) => ({
        ...incidentItemKey('mutes', id),
        j: { S: JSON.stringify({ ...muteOf(text), id }) },
      }))
    case 'd#':
      return [{ ...incidentItemKey(partition, `000000001#${text}`), j: { S: JSON.stringify(rowOf(text)) } }]
    case 'm#':
      return [{ sk: { S: `${NOW_MS}#${text}` }, t: { S: text }, s: { S: text } }]
    default:
      return undefined
  }
}

function headOf(text: string): IncidentHead {
  const first = { traceId: text, spanId: text, service: text, atMs: NOW_MS, text }
  return {
    version: 1,
    state: 'open',
    episode: 1,
    opening: 1,
    fromMs: 0,
    openedAtMs: NOW_MS,
    changedAtMs: NOW_MS,
    quietMs: 1,
    openings: [NOW_MS],
    alert: { kind: 'each' },
    hand: { by: text, why: text },
    about: {
      rule: text,
      group: { name: text, value: text },
      severity: 'critical',
      description: text,
      owner: text,
      runbook: text,
      tags: [text],
      service: text,
      first,
      complete: true,
      experiments: [text],
    },
  }
}

function muteOf(text: string): StoredMute {
  return { id: text, untilMs: Date.now() + 3_600_000, madeMs: NOW_MS, why: text, by: text }
}

function rowOf(text: string): DeliveryRow {
  return {
    version: 1,
    updates: true,
    ended: true,
    notified: 'open',
    flooded: false,
    opening: 1,
    notifiedAtMs: NOW_MS,
    notifiedCount: 1,
    attempts: 1,
    refused: false,
    leaseUntilMs: 0,
    failure: text,
    heldBy: text,
    dueAtMs: NOW_MS,
  }
}
