import type { Trace } from '../trace/span.ts'
import { type TraceTime, timeOf } from '../trace/summary.ts'
import { hash } from './hash.ts'

/** Who reported an experiment: a person or program by the API, Gremlin's webhooks, or AWS Fault Injection Service. */
export type ExperimentSource = 'api' | 'gremlin' | 'aws-fis'

/**
 * One thing that somebody said of an experiment. Everything known of an experiment is a fold over what was said, in any
 * order and however often, so that webhooks may come twice, late or in the wrong order.
 */
export interface ExperimentEvent {
  /** Id of the experiment. */
  readonly experiment: string
  /** `declared`: it is about to start (used as its start if no other is reported); `noted`: says nothing of the window. */
  readonly kind: 'declared' | 'started' | 'ended' | 'noted'
  /** Milliseconds since 1970 by the clock of whoever tells; without it, when it was received counts. */
  readonly atMs?: number
  readonly receivedAtMs: number
  readonly source: ExperimentSource
  readonly name?: string
  readonly labels?: Readonly<Record<string, string>>
  /** Only traces with a span of one of these services belong to the experiment; with an empty list all traces do. */
  readonly services?: readonly string[]
  /** Rules that the experiment is meant to exercise. */
  readonly rules?: readonly string[]
  /** By rule: the share of the traces that exercise it which may break it. */
  readonly tolerate?: Readonly<Record<string, number>>
  /** How long before the window the one begins that it is compared with. */
  readonly baselineAgoMs?: number
  /** How it ended, in the words of the source. */
  readonly outcome?: string
}

/** What is known of an experiment; times are milliseconds since 1970. */
export interface Experiment {
  readonly id: string
  readonly source: ExperimentSource
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly services: readonly string[]
  readonly rules: readonly string[]
  readonly tolerate: Readonly<Record<string, number>>
  readonly baselineAgoMs?: number
  readonly startMs?: number
  readonly endMs?: number
  readonly outcome?: string
  /** Some event claimed to be from the future, or the end to be before the start: the clocks differ. */
  readonly clockSkew: boolean
  readonly events: number
}

/** The stretch of time an experiment takes; `toMs` is exclusive. */
export interface ExperimentWindow {
  readonly id: string
  readonly fromMs: number
  readonly toMs: number
  readonly services: readonly string[]
  /** `abandoned`: nobody told its end, and the longest time a window may take is over. */
  readonly state: 'running' | 'ended' | 'abandoned'
  /** It took longer than a window may: only the first part counts. */
  readonly cut: boolean
}

/** An event further in the future than this has a wrong clock: when it was received counts instead. */
const MAX_CLOCK_LEAD_MS = 300_000

/** The identity of what was said, whenever it was received. */
export function eventKey({ receivedAtMs: _, ...said }: ExperimentEvent): string {
  return hash(['experiment', JSON.stringify(sorted(said))])
}

/** When it happened, as far as the event can be believed. */
export function eventTimeMs({ atMs, receivedAtMs }: ExperimentEvent): number {
  return atMs === undefined || claimsFuture(atMs, receivedAtMs) ? receivedAtMs : atMs
}

function claimsFuture(atMs: number, receivedAtMs: number): boolean {
  return atMs > receivedAtMs + MAX_CLOCK_LEAD_MS
}

/** The same event received twice is the one that came first. */
function firstReceived(events: Iterable<ExperimentEvent>): ReadonlyMap<string, ExperimentEvent> {
  const first = new Map<string, ExperimentEvent>()
  for (const event of events) {
    const key = eventKey(event)
    const known = first.get(key)
    if (known === undefined || event.receivedAtMs < known.receivedAtMs) first.set(key, event)
  }
  return first
}

/** What the events of one experiment say together; their order and repetition change nothing. Undefined of no events. */
export function foldExperiment(events: readonly ExperimentEvent[]): Experiment | undefined {
  const ordered = inOrder(firstReceived(events))
  const [first] = ordered
  if (first === undefined) return undefined
  const startMs = least(timesOf(ordered, 'started')) ?? least(timesOf(ordered, 'declared'))
  const endMs = greatest(timesOf(ordered, 'ended'))
  const skewed = ordered.some(({ atMs, receivedAtMs }) => atMs !== undefined && claimsFuture(atMs, receivedAtMs))
  const baselineAgoMs = last(ordered, ({ baselineAgoMs: agoMs }) => agoMs)
  const outcome = last(ordered, ({ kind, outcome }) => (kind === 'ended' ? outcome : undefined))
  return {
    id: first.experiment,
    source: first.source,
    name: last(ordered, ({ name }) => name) ?? first.experiment,
    labels: Object.assign({}, ...ordered.map(({ labels }) => labels)),
    services: last(ordered, ({ services }) => services) ?? [],
    rules: last(ordered, ({ rules }) => rules) ?? [],
    tolerate: last(ordered, ({ tolerate }) => tolerate) ?? {},
    ...(baselineAgoMs === undefined ? {} : { baselineAgoMs }),
    ...(startMs === undefined ? {} : { startMs }),
    ...(endMs === undefined ? {} : { endMs }),
    ...(outcome === undefined ? {} : { outcome }),
    clockSkew: skewed || (startMs !== undefined && endMs !== undefined && endMs < startMs),
    events: ordered.length,
  }
}

/** By time, then identity: an order that does not depend on when events were received. */
function inOrder(events: ReadonlyMap<string, ExperimentEvent>): readonly ExperimentEvent[] {
  return [...events]
    .map(([key, event]) => ({ key, event, timeMs: eventTimeMs(event) }))
    .sort((a, b) => a.timeMs - b.timeMs || (a.key < b.key ? -1 : 1))
    .map(({ event }) => event)
}

function timesOf(events: readonly ExperimentEvent[], kind: ExperimentEvent['kind']): readonly number[] {
  return events.filter((event) => event.kind === kind).map(eventTimeMs)
}

function least(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : Math.min(...times)
}

function greatest(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : Math.max(...times)
}

function last<Value>(
  events: readonly ExperimentEvent[],
  read: (event: ExperimentEvent) => Value | undefined,
): Value | undefined {
  return events.map(read).findLast((value) => value !== undefined)
}

/**
 * The window of an experiment as known now, at most `maxMs` long; undefined while nobody has reported its start. Where
 * the clocks of start and end differ so much that they are the wrong way round, it lasts from the one to the other.
 */
export function windowOf(experiment: Experiment, nowMs: number, maxMs: number): ExperimentWindow | undefined {
  const { id, services, startMs, endMs } = experiment
  if (startMs === undefined) return undefined
  const fromMs = Math.min(startMs, endMs ?? startMs)
  const latestMs = fromMs + maxMs
  if (endMs === undefined) {
    return { id, services, fromMs, toMs: latestMs, state: nowMs < latestMs ? 'running' : 'abandoned', cut: false }
  }
  const toMs = Math.max(startMs, endMs, fromMs + 1)
  return { id, services, fromMs, toMs: Math.min(toMs, latestMs), state: 'ended', cut: toMs > latestMs }
}

/** True if some part of the time of a trace lies in the window. */
export function isDuring({ startMs, endMs }: TraceTime, { fromMs, toMs }: ExperimentWindow): boolean {
  return startMs < toMs && Math.max(startMs, endMs) >= fromMs
}

/** True if some part of the trace lies in the window, and some span is of a service the experiment is about. */
export function ranDuring(trace: Pick<Trace, 'spans'>, window: ExperimentWindow): boolean {
  const time = timeOf(trace)
  if (time === undefined || !isDuring(time, window)) return false
  const { services } = window
  if (services.length === 0) return true
  return trace.spans.some(({ resource }) => {
    const service = resource.get('service.name')
    return typeof service === 'string' && services.includes(service)
  })
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).filter(([, part]) => part !== undefined)
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, sorted(part)])
}
