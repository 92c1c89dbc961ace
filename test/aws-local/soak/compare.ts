import { parseObjectKey, SPANS_PREFIX } from '../../../shared/archive/object-key.ts'
import type { ObjectStore } from '../../../shared/archive/object-store.ts'
import type { SpanRow } from '../../../shared/archive/span-row.ts'
import type { TraceRecord } from '../../../shared/archive/trace-record.ts'
import type { PendingSignal } from '../../../shared/pipeline/ports.ts'
import type { SignalEvent } from '../../../shared/pipeline/signal.ts'
import { recordsOf } from '../../archive/archived-records.ts'
import type { StoredMember } from './table.ts'
import type { PlannedTrace, SoakSpan } from './traffic.ts'

/*
 * What has to be equal, and why.
 *
 * Steady traces (all but the straggling): every part of a phase is stored before anybody's clock lets a verdict be
 * given, so both runtimes give the same verdicts on the same spans. Every event has to be there with the same id (and so
 * the same sequence), status and data, evidence included; only `time`, `firedAt` and `source` are each runtime's own.
 *
 * Straggling traces: parts come while verdicts are given, so one runtime may judge a trace twice that the other judges
 * once. Their histories may differ, not where they lead: the signals that hold in the end (of a signal's events the one
 * of the highest sequence, unless it retracts) have to be the same, each with the same `complete` and data. A signal
 * that only one side ever sent has to be retracted there.
 *
 * Both for what is stored (S3, SQLite) and for what is published (a subscriber of SNS, a webhook). And every
 * acknowledged span has to be in the archive exactly once, as the view spans_latest has it. On AWS each signal that holds has to be a
 * live member of its incident.
 */

/** One thing that is not as it should be. */
export interface Difference {
  readonly traceId: string
  readonly what: string
}

export interface Sides {
  readonly aws: readonly SignalEvent[]
  readonly embedded: readonly SignalEvent[]
}

/** Compares the events of both sides, of the kind that `where` names. */
export function compareSignals(where: string, sides: Sides, plan: readonly PlannedTrace[]): readonly Difference[] {
  const straggling = new Set(plan.filter(({ kind }) => kind === 'straggling').map(({ traceId }) => traceId))
  const differences: Difference[] = []
  const [aws, embedded] = [byId(sides.aws, differences), byId(sides.embedded, differences)]
  const steady = (events: readonly SignalEvent[]) => events.filter(({ subject }) => !straggling.has(subject))
  const loose = (events: readonly SignalEvent[]) => holding(events.filter(({ subject }) => straggling.has(subject)))
  const idOf = ({ id }: SignalEvent) => id
  const identityOf = ({ signalid }: SignalEvent) => signalid
  differences.push(
    ...compareEach(where, steady(aws), steady(embedded), idOf, ({ status, data }) => [status, withoutTimes(data)]),
  )
  // What led there differs: in how many steps, and whether the last was an update.
  differences.push(...compareEach(where, loose(aws), loose(embedded), identityOf, ({ data }) => [data.complete]))
  return differences
}

function withoutTimes({ firedAt: _, ...data }: SignalEvent['data']): object {
  return data
}

/** Each event once; one id never has two events. */
function byId(events: readonly SignalEvent[], differences: Difference[]): readonly SignalEvent[] {
  const known = new Map<string, string>()
  return events.filter((event) => {
    const text = JSON.stringify(event)
    const before = known.get(event.id)
    known.set(event.id, text)
    if (before !== undefined && before !== text) {
      differences.push({ traceId: event.subject, what: `two events have the id ${event.id}` })
    }
    return before === undefined
  })
}

function holding(events: readonly SignalEvent[]): readonly SignalEvent[] {
  const last = new Map<string, SignalEvent>()
  for (const event of events.toSorted((a, b) => a.sequence - b.sequence)) last.set(event.signalid, event)
  return [...last.values()].filter(({ status }) => status !== 'retracted')
}

function compareEach(
  where: string,
  aws: readonly SignalEvent[],
  embedded: readonly SignalEvent[],
  keyOf: (event: SignalEvent) => string,
  contentOf: (event: SignalEvent) => readonly unknown[],
): readonly Difference[] {
  const expected = new Map(embedded.map((event) => [keyOf(event), event]))
  const found = new Map(aws.map((event) => [keyOf(event), event]))
  const told = (event: SignalEvent) =>
    `${event.data.signal} ${event.status} ${event.sequence} ${event.data.complete ? 'complete' : 'incomplete'} (${event.id})`
  const difference = (event: SignalEvent, what: string) => ({
    traceId: event.subject,
    what: `${where}: ${what} ${told(event)}`,
  })
  const missing = embedded
    .filter((event) => !found.has(keyOf(event)))
    .map((event) => difference(event, 'missing on AWS:'))
  const extra = aws.filter((event) => !expected.has(keyOf(event))).map((event) => difference(event, 'only on AWS:'))
  const changed = aws.flatMap((event) => {
    const other = expected.get(keyOf(event))
    if (other === undefined || JSON.stringify(contentOf(event)) === JSON.stringify(contentOf(other))) return []
    const [first] = unequal(contentOf(event), contentOf(other), '')
    return [difference(event, `differs from the embedded runtime's ${told(other)} in ${first}:`)]
  })
  return [...missing, ...extra, ...changed]
}

/** Each signal that holds is a live member of an incident, once, and no other signal is. */
export function compareMembers(
  signals: readonly PendingSignal[],
  members: readonly StoredMember[],
): readonly Difference[] {
  const holds = new Map(holding(liveOf(signals)).map((event) => [event.signalid, event.subject]))
  const live = Map.groupBy(
    members.filter(({ isRetracted }) => !isRetracted),
    ({ signalId }) => signalId,
  )
  const missing = [...holds].filter(([signalId]) => live.get(signalId)?.length !== 1)
  const extra = [...live.keys()].filter((signalId) => !holds.has(signalId))
  return [
    ...missing.map(([signalId, traceId]) => {
      return {
        traceId,
        what: `incidents: signal ${signalId} holds and is ${live.get(signalId)?.length ?? 0} live members`,
      }
    }),
    ...extra.map((signalId) => ({
      traceId: '',
      what: `incidents: signal ${signalId} is a live member and does not hold`,
    })),
  ]
}

function liveOf(signals: readonly PendingSignal[]): readonly SignalEvent[] {
  return signals.filter(({ shadow }) => !shadow).map(({ event }) => event)
}

/** Every acknowledged span is in the archive once, as it ended last, and nothing else is. */
export async function compareArchive(
  store: ObjectStore,
  acknowledged: readonly SoakSpan[],
): Promise<readonly Difference[]> {
  const differences: Difference[] = []
  const archived = new Map<string, string[]>()
  for (const [key, records] of await recordsByPartition(store)) {
    const [traceId = ''] = key.split(' ')
    archived.set(traceId, [...(archived.get(traceId) ?? []), ...latestSpans(records)])
  }
  const sent = new Map(
    [...Map.groupBy(acknowledged, ({ traceId }) => traceId)].map(([id, spans]) => [id, new Set(spans.map(sentText))]),
  )
  for (const traceId of new Set([...archived.keys(), ...sent.keys()])) {
    const found = (archived.get(traceId) ?? []).toSorted()
    const expected = [...(sent.get(traceId) ?? [])].toSorted()
    if (found.join() !== expected.join()) {
      differences.push({
        traceId,
        what: `archive: has ${found.join(', ') || 'nothing'}; sent were ${expected.join(', ')}`,
      })
    }
  }
  return differences
}

/** By trace and partition: the view looks for the latest revision in each partition of its own. */
async function recordsByPartition(store: ObjectStore): Promise<ReadonlyMap<string, readonly TraceRecord[]>> {
  const groups = new Map<string, TraceRecord[]>()
  for (const object of await store.list(SPANS_PREFIX)) {
    const hourMs = parseObjectKey(object.key)?.hourMs
    for (const record of await recordsOf(store, object)) {
      const key = `${Buffer.from(record.traceId).toString('hex')} ${hourMs}`
      const group = groups.get(key)
      if (group === undefined) groups.set(key, [record])
      else group.push(record)
    }
  }
  return groups
}

/** As the view spans_latest: the highest revision, with late spans, each span once. */
function latestSpans(records: readonly TraceRecord[]): readonly string[] {
  const wholes = records.filter(({ reason }) => reason !== 'late')
  const last = Math.max(...wholes.map(({ revision }) => revision))
  const latest = records.filter(({ reason, revision }) => reason === 'late' || revision === last)
  return [...new Set(latest.flatMap(({ spans }) => spans.map(archivedText)))]
}

function archivedText({ spanId, name, startUnixNano, endUnixNano }: SpanRow): string {
  return `${Buffer.from(spanId).toString('hex')} ${name} ${startUnixNano / 1_000_000n} ${endUnixNano / 1_000_000n}`
}

function sentText({ spanId, name, startMs, endMs }: SoakSpan): string {
  return `${spanId} ${name} ${startMs} ${endMs}`
}

/** The place where two values of JSON differ, and both values there. */
function unequal(a: unknown, b: unknown, path: string): readonly string[] {
  if (JSON.stringify(a) === JSON.stringify(b)) return []
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return [`${path}: ${JSON.stringify(a)} instead of ${JSON.stringify(b)}`]
  }
  const [ours, theirs] = [a, b] as readonly Readonly<Record<string, unknown>>[]
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].flatMap((key) => unequal(ours?.[key], theirs?.[key], `${path}/${key}`))
}
