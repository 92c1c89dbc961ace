import { backoffMs } from '../concurrency/backoff.ts'
import { isWorse } from '../rules/read/header.ts'
import { type DeliveryId, type DeliveryRow, FLOOD, stepOf } from './delivery.ts'
import { type IncidentHead, isOpen } from './incident.ts'
import type { Answer, Receiver } from './receivers/receiver.ts'
import { perform, type Slow, type StepOf } from './steps.ts'

/** How receivers are notified. */
export interface DeliverySettings {
  /** Time before an incident that is not critical reaches a receiver that wakes nobody: it may be withdrawn. */
  readonly waitMs: number
  /** Time between two changes of one message. */
  readonly updateEveryMs: number
  /** Time between two reminders of an open incident, for receivers that do not page. */
  readonly remindEveryMs: number
  /** How long one attempt may take, with all its requests. */
  readonly leaseMs: number
  /** The longest time between sending a request and its arrival; an end is held back until then. */
  readonly latestArrivalMs: number
  readonly retryDelayMs: number
  readonly maxRetryDelayMs: number
  /** Openings that a receiver is notified of one by one in `floodWindowMs`. */
  readonly floodLimit: number
  readonly floodWindowMs: number
}

export const DELIVERY: DeliverySettings = {
  waitMs: 30_000,
  updateEveryMs: 300_000,
  remindEveryMs: 24 * 3_600_000,
  leaseMs: 120_000,
  latestArrivalMs: 120_000,
  retryDelayMs: 1_000,
  maxRetryDelayMs: 900_000,
  floodLimit: 10,
  floodWindowMs: 600_000,
}

/** What delivering asks of the outside; reads see every write before. */
export interface DeliverySteps {
  readRow(id: DeliveryId): DeliveryRow | undefined
  /** Writes a row in place of the one whose version is one less; false where that is not what is there. */
  writeRow(id: DeliveryId, row: DeliveryRow): boolean
  readHead(key: string): IncidentHead | undefined
  /** Live members of the episode; 10,000 at most. */
  countLive(key: string, fromMs: number): number
  /** The mute that holds back what the receiver would be notified, and until when. */
  mutedBy(head: IncidentHead, receiver: string): { readonly id: string; readonly untilMs: number } | undefined
  /** Openings that the receiver was notified of one by one since a time. */
  notifiedSince(receiver: string, sinceMs: number): number
  /** Tells the receiver; what is in `telling` is all that it says. */
  tell(id: DeliveryId, telling: Telling): Answer
}

/** What a receiver is to be notified. */
export interface Telling {
  readonly change: 'opened' | 'updated' | 'resolved'
  readonly head: IncidentHead
  readonly opening: number
  readonly row: DeliveryRow
  /** Live members of the episode. */
  readonly count: number
}

/** One step of delivering, by name, with its parameters. */
export type DeliveryStep = StepOf<DeliverySteps>

type Delivering<Result> = Generator<DeliveryStep, Result, unknown>

export interface DeliveryContext {
  readonly settings: DeliverySettings
  readonly receiver: Pick<Receiver, 'traits'>
  readonly now: () => number
  /** At least 0, less than 1. */
  readonly random: () => number
}

/** What became of one look at a delivery; `again`: when to look the next time, undefined for when the incident changes. */
export interface Delivered {
  readonly outcome: 'notified' | 'nothing' | 'held' | 'flooded' | 'failed' | 'refused' | 'busy'
  readonly change?: Telling['change']
  readonly reason?: string
  readonly againMs?: number
}

/**
 * Looks at what a receiver was notified of an episode and at where the incident is now, and tells it what is missing. Many changes
 * become one: a receiver is notified the state, not its history. To be called at least once after each change and when it is due.
 */
export function* deliver(id: DeliveryId, context: DeliveryContext): Delivering<Delivered> {
  const stored = yield* step('readRow', [id])
  const head = yield* step('readHead', [id.key])
  if (stored === undefined || head === undefined) return { outcome: 'nothing' }
  if (stored.leaseUntilMs > context.now()) return { outcome: 'busy', againMs: stored.leaseUntilMs }
  const row = takenOver(stored)
  const act = yield* whatToDo(id, row, head, context)
  if (act.kind !== 'tell') return yield* settled(id, row, act)
  return yield* notified(id, row, act, context)
}

/** Whoever had the lease did not write down how it ended, and may have sent a request in its last moment. */
function takenOver(row: DeliveryRow): DeliveryRow {
  const { doing, leaseUntilMs, unsureMs = 0 } = row
  return doing === undefined || leaseUntilMs === 0 ? row : { ...row, unsureMs: Math.max(unsureMs, leaseUntilMs) }
}

type Act =
  | { readonly kind: 'tell'; readonly doing: NonNullable<DeliveryRow['doing']>; readonly telling: Telling }
  /** Nobody is notified; the row changes to this. */
  | { readonly kind: 'settle'; readonly row: Partial<DeliveryRow>; readonly outcome: 'nothing' | 'held' | 'flooded' }

function* whatToDo(id: DeliveryId, row: DeliveryRow, head: IncidentHead, context: DeliveryContext): Delivering<Act> {
  const isGoingOn = head.episode === id.episode && isOpen(head)
  const resolve = () => telling('resolve', row, head, row.opening)
  // An end that was begun comes first.
  if (row.doing === 'resolve') return heldBack(row, context) ?? resolve()
  if (isGoingOn && row.notified === 'open' && row.doing !== 'open') return yield* update(id, row, head, context)
  if (isGoingOn) return yield* opening(id, row, head, context)
  if (row.notified !== 'open' && row.doing === undefined) return settle({})
  if (row.notified === 'open' && (row.flooded || !row.ended)) return settle({ notified: 'resolved' })
  return heldBack(row, context) ?? resolve()
}

/** An opening that is still on its way must not land after the end. */
function heldBack({ unsureMs }: DeliveryRow, { now, settings }: DeliveryContext): Act | undefined {
  const untilMs = unsureMs === undefined ? 0 : unsureMs + settings.latestArrivalMs
  return untilMs < now() ? undefined : settle({ dueAtMs: untilMs + 1 })
}

function* opening(id: DeliveryId, row: DeliveryRow, head: IncidentHead, context: DeliveryContext): Delivering<Act> {
  const { settings, now, receiver } = context
  if (row.refused && row.opening === head.opening) return settle({})
  // An attempt before the one that was refused may have been taken: it ends before the next opening begins.
  if (row.refused && row.doing === 'open') return heldBack(row, context) ?? telling('resolve', row, head, row.opening)
  // An opening that may have been taken is repeated with the same key, whatever happened since.
  if (row.doing === 'open') return telling('open', row, head, row.opening)
  const mute = yield* step('mutedBy', [head, id.receiver])
  if (mute !== undefined) return settle({ heldBy: mute.id, dueAtMs: mute.untilMs }, 'held')
  const waitsUntilMs = head.openedAtMs + settings.waitMs
  // The incidents of a flood have waited.
  const waits = id.key !== FLOOD && !receiver.traits.pages && head.about.severity !== 'critical'
  if (waits && waitsUntilMs > now()) return settle({ dueAtMs: waitsUntilMs })
  const isFlood = id.key !== FLOOD && (yield* isFlooded(id, context))
  return isFlood ? settle(floodedRow(head, now()), 'flooded') : telling('open', row, head, head.opening)
}

/** Past a number of openings one notice takes the place of all that follow. */
function* isFlooded({ receiver }: DeliveryId, { settings, now }: DeliveryContext): Delivering<boolean> {
  const sinceMs = now() - settings.floodWindowMs
  return (yield* step('notifiedSince', [receiver, sinceMs])) >= settings.floodLimit
}

/** What changes in the row of an opening that is part of a flood notice. */
export function floodedRow({ opening, about }: IncidentHead, nowMs: number): Partial<DeliveryRow> {
  return { notified: 'open', flooded: true, opening, notifiedAtMs: nowMs, notifiedSeverity: about.severity }
}

function* update(id: DeliveryId, row: DeliveryRow, head: IncidentHead, context: DeliveryContext): Delivering<Act> {
  const { settings, receiver, now } = context
  const { edits, pages, heartbeatMs } = receiver.traits
  const again = telling('update', row, head, row.opening)
  if (row.flooded) return settle({ notifiedSeverity: head.about.severity })
  if (row.doing === 'update') return again
  const [nowMs, lastMs] = [now(), row.notifiedAtMs ?? 0]
  const mute = yield* step('mutedBy', [head, id.receiver])
  if (mute !== undefined) {
    // A receiver ends an alert whose heartbeat stops, and a mute must end none.
    const beatAtMs = heartbeatMs === undefined ? Number.POSITIVE_INFINITY : lastMs + heartbeatMs
    if (beatAtMs <= nowMs) return again
    const held = { heldBy: mute.id, dueAtMs: Math.min(mute.untilMs, beatAtMs) }
    return settle(held, row.heldBy === mute.id ? 'nothing' : 'held')
  }
  if (isMoreSevere(head, row)) return again
  const due: number[] = []
  if (heartbeatMs !== undefined) due.push(lastMs + heartbeatMs)
  if (edits && row.updates) due.push(lastMs + settings.updateEveryMs)
  else if (!pages) due.push(lastMs + settings.remindEveryMs)
  const nextMs = Math.min(...due)
  if (due.length === 0) return settle({})
  if (nextMs > nowMs) return settle({ dueAtMs: nextMs })
  const isOnlyForCounts = edits && row.updates && (heartbeatMs === undefined || lastMs + heartbeatMs > nowMs)
  if (!isOnlyForCounts) return again
  const count = yield* step('countLive', [id.key, head.fromMs])
  return stepOf(count) > stepOf(row.notifiedCount) ? again : settle({ dueAtMs: nowMs + settings.updateEveryMs })
}

function isMoreSevere({ about }: IncidentHead, { notifiedSeverity }: DeliveryRow): boolean {
  return notifiedSeverity !== undefined && isWorse(about.severity, notifiedSeverity)
}

function settle(row: Partial<DeliveryRow>, outcome: 'nothing' | 'held' | 'flooded' = 'nothing'): Act {
  return { kind: 'settle', row, outcome }
}

const CHANGES = { open: 'opened', update: 'updated', resolve: 'resolved' } as const

function telling(doing: NonNullable<DeliveryRow['doing']>, row: DeliveryRow, head: IncidentHead, opening: number): Act {
  return { kind: 'tell', doing, telling: { change: CHANGES[doing], head, opening, row, count: 0 } }
}

/** Notes when to look again, where that changes. */
function* settled(id: DeliveryId, row: DeliveryRow, act: Extract<Act, { kind: 'settle' }>): Delivering<Delivered> {
  const { dueAtMs, heldBy, ...rest } = row
  const next = { ...rest, ...act.row }
  const againMs = next.dueAtMs
  const again = againMs === undefined ? {} : { againMs }
  const changed = dueAtMs !== againMs || heldBy !== next.heldBy || act.row.notified !== undefined
  if (changed && !(yield* step('writeRow', [id, { ...next, version: row.version + 1 }]))) {
    return { outcome: 'busy', againMs: 0 }
  }
  return { outcome: act.outcome, ...again }
}

function* notified(
  id: DeliveryId,
  row: DeliveryRow,
  { doing, telling: { change, head, opening } }: Extract<Act, { kind: 'tell' }>,
  context: DeliveryContext,
): Delivering<Delivered> {
  const count = yield* step('countLive', [id.key, head.fromMs])
  const { dueAtMs: _, heldBy: __, ...taken } = row
  const leaseUntilMs = context.now() + context.settings.leaseMs
  const lease = { leaseUntilMs, dueAtMs: leaseUntilMs }
  const begun: DeliveryRow = { ...taken, ...lease, version: row.version + 1, doing, opening, flooded: false }
  if (!(yield* step('writeRow', [id, begun]))) return { outcome: 'busy', againMs: 0 }
  const answer = yield* step('tell', [id, { change, head, opening, row: begun, count }])
  const ended = afterAnswer(begun, row, doing, { head, count }, answer, context)
  const next = { ...ended, version: begun.version + 1, leaseUntilMs: 0 }
  // Its lease ran out, and somebody else is at work on it.
  if (!(yield* step('writeRow', [id, next]))) return { outcome: 'busy', againMs: 0 }
  const again = next.dueAtMs === undefined ? {} : { againMs: next.dueAtMs }
  if (answer.outcome === 'taken') return { outcome: 'notified', change, ...again }
  return { outcome: answer.outcome, change, reason: answer.reason, ...again }
}

/** The row after an attempt; `before`: as it was before that. */
function afterAnswer(
  begun: DeliveryRow,
  before: DeliveryRow,
  doing: NonNullable<DeliveryRow['doing']>,
  { head, count }: { readonly head: IncidentHead; readonly count: number },
  answer: Answer,
  { now, settings, receiver, random }: DeliveryContext,
): DeliveryRow {
  const { doing: _, dueAtMs: __, failure: ___, ...row } = begun
  const nowMs = now()
  // What an earlier attempt began may still have been taken.
  const begunBefore = before.doing === undefined ? {} : { doing: before.doing }
  switch (answer.outcome) {
    case 'taken':
      return {
        ...row,
        ...(answer.ref !== undefined && { ref: answer.ref }),
        notified: doing === 'resolve' ? 'resolved' : 'open',
        target: receiver.traits.target,
        notifiedAtMs: nowMs,
        notifiedCount: count,
        notifiedSeverity: head.about.severity,
        attempts: 0,
        refused: false,
        dueAtMs: nowMs,
      }
    case 'refused': {
      // The incident may have changed meanwhile.
      const refused = { ...row, attempts: row.attempts + 1, failure: answer.reason, refused: true, dueAtMs: nowMs }
      if (doing === 'resolve') return { ...refused, notified: 'resolved' }
      // A change that is refused is left out: the same again would be refused at once.
      if (doing === 'update') return { ...refused, notifiedAtMs: nowMs, notifiedSeverity: head.about.severity }
      return { ...refused, ...begunBefore }
    }
    case 'failed': {
      const attempts = row.attempts + 1
      const { retryDelayMs: firstMs, maxRetryDelayMs: mostMs } = settings
      const delayMs = backoffMs(attempts, { firstMs, mostMs, random: random(), askedMs: answer.retryAfterMs })
      const failed = { ...row, attempts, failure: answer.reason, dueAtMs: nowMs + delayMs }
      return answer.unsure ? { ...failed, doing, unsureMs: nowMs } : { ...failed, ...begunBefore }
    }
  }
}

function* step<Name extends keyof DeliverySteps>(
  name: Name,
  parameters: Parameters<DeliverySteps[Name]>,
): Delivering<ReturnType<DeliverySteps[Name]>> {
  return (yield { name, parameters } as DeliveryStep) as ReturnType<DeliverySteps[Name]>
}

/** The steps, each with an answer to wait for. */
export type SlowDeliverySteps = Slow<DeliverySteps>

/** Looks at one delivery, step by step. */
export async function deliverNow(
  id: DeliveryId,
  context: DeliveryContext,
  steps: SlowDeliverySteps,
): Promise<Delivered> {
  const delivering = deliver(id, context)
  let next = delivering.next()
  while (next.done !== true) next = delivering.next(await perform<DeliverySteps>(next.value, steps))
  return next.value
}

/** Looks at one delivery at once, as part of a transaction; undefined where that takes a request, and nothing was done. */
export function settleNow(
  id: DeliveryId,
  context: DeliveryContext,
  steps: Omit<DeliverySteps, 'tell'>,
): Delivered | undefined {
  const delivering = deliver(id, context)
  let next = delivering.next()
  while (next.done !== true) {
    const { value } = next
    // Who takes a lease is about to send a request.
    if (value.name === 'tell') return undefined
    if (value.name === 'writeRow' && value.parameters[1].leaseUntilMs > context.now()) return undefined
    next = delivering.next(perform<Omit<DeliverySteps, 'tell'>>(value, steps))
  }
  return next.value
}
