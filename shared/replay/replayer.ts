import { ObjectGone, type ObjectStore } from '../archive/object-store.ts'
import { backoffMs } from '../concurrency/backoff.ts'
import type { Clock, Metrics, PendingSignal, SignalPublisher, SignalStore } from '../pipeline/ports.ts'
import { replayedEvent } from '../pipeline/signal.ts'
import { StorageError } from '../pipeline/storage-error.ts'
import type { CheckedRule } from '../rules/ast.ts'
import { compileRules } from '../rules/compile/compile.ts'
import { driveReplay } from './drive.ts'
import type { WorkItem } from './plan.ts'
import type { ReplayRange } from './range.ts'
import { shareFailures } from './shares.ts'
import { newTally, type Tally } from './tally.ts'
import { newWorker, type Worker, workOn } from './work.ts'

/** The fate of the signals of a replay that publishes. */
export interface Published {
  readonly sent: number
  /** Of rules in shadow mode: stored, not sent. */
  readonly shadow: number
  /** Beyond what one item may send: counted in the report, neither stored nor sent. */
  readonly withheld: number
  /** Could not be stored or sent; the reason of the last one. */
  readonly failed: number
  readonly reason?: string
}

export const NOTHING_PUBLISHED: Published = { sent: 0, shadow: 0, withheld: 0, failed: 0 }

/** Where the signals of a replay go. */
export interface Publishing {
  readonly runId: string
  /** The CloudEvents `source`. */
  readonly source: string
  readonly signals: SignalStore
  readonly publisher: SignalPublisher
  readonly clock: Clock
  readonly metrics: Pick<Metrics, 'add'>
}

export interface Replayer {
  readonly store: ObjectStore
  readonly rules: readonly CheckedRule[]
  readonly range: ReplayRange
  readonly sampleLimit: number
  /** Undefined: nothing is sent. */
  readonly publishing: Publishing | undefined
  readonly pause: (ms: number) => Promise<unknown>
}

/** The result of some items. */
export interface Replayed {
  readonly tally: Tally
  readonly published: Published
}

/** So large an item is worked on alone, for memory; it waits for S3 the least. */
const LARGE_ITEM_BYTES = 16 * 1024 * 1024
const ATTEMPTS = 3
const FIRST_WAIT_MS = 500
/** Signals of one item that are held in memory, 16 KiB each at most, and sent. */
const MAX_SIGNALS = 2_000

/**
 * Judges items, some of them at once. What S3 cannot deliver now is tried again; an item that stays out of reach is
 * named among the failures, object by object, and the rest goes on.
 */
export async function replayItems(
  replayer: Replayer,
  items: readonly WorkItem[],
  itemsAtOnce: number,
): Promise<Replayed> {
  const { rules, sampleLimit, publishing } = replayer
  let published = NOTHING_PUBLISHED
  const worker = newWorker(replayer.store, compileRules(rules), replayer.range, sampleLimit)
  const judgeItem = async (item: WorkItem) => {
    if (publishing === undefined) return workPatiently(replayer, worker, item)
    const found = newFindings()
    const tally = await workPatiently(replayer, { ...worker, onViolation: found.take }, item)
    const sent = await publish(publishing, rules, found)
    published = addPublished(published, sent)
    return tally
  }
  const tally = await driveReplay({
    items,
    ruleCount: rules.length,
    sampleLimit,
    itemsAtOnce,
    largeItemBytes: LARGE_ITEM_BYTES,
    judgeItem,
  })
  return { tally, published }
}

async function workPatiently({ rules, pause }: Replayer, worker: Worker, item: WorkItem): Promise<Tally> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await workOn(worker, item)
    } catch (error) {
      if (!mayPass(error)) throw error
      if (attempt === ATTEMPTS) return failedTally(rules, [item], (error as Error).message)
      await pause(backoffMs(attempt, { firstMs: FIRST_WAIT_MS }))
    }
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof ObjectGone || (error instanceof StorageError && error.transient)
}

/** Says that nothing of these items was judged. */
export function failedTally(rules: readonly CheckedRule[], items: readonly WorkItem[], reason: string): Tally {
  return { ...newTally(rules.length), failures: [...shareFailures(items, reason)] }
}

type Violation = Parameters<NonNullable<Worker['onViolation']>>[0]

/** Violations of one item; a violation that is found again, because the item was planned again, counts once. */
function newFindings() {
  const violations = new Map<string, Violation['data']>()
  const withheld = new Set<string>()
  return {
    violations,
    withheld,
    take({ data }: Violation) {
      const key = `${data.traceId} ${data.signal}`
      if (violations.size < MAX_SIGNALS || violations.has(key)) violations.set(key, data)
      else withheld.add(key)
    },
  }
}

async function publish(
  { runId, source, signals, publisher, clock, metrics }: Publishing,
  rules: readonly CheckedRule[],
  found: ReturnType<typeof newFindings>,
): Promise<Published> {
  const isShadow = new Map(rules.map(({ name, metadata }) => [name, metadata.mode === 'shadow']))
  const pending = [...found.violations.values()].map((data): PendingSignal => {
    const event = replayedEvent(data, runId, { source, nowMs: clock() })
    return { event, shadow: isShadow.get(data.signal) === true }
  })
  const live = pending.filter(({ shadow }) => !shadow).map(({ event }) => event)
  const counts = { ...NOTHING_PUBLISHED, withheld: found.withheld.size }
  try {
    await signals.record(pending)
    for (const { event, shadow } of pending) {
      const { signal: rule, severity } = event.data
      metrics.add('signals', { rule, severity, status: event.status, mode: event.mode, shadow })
    }
    const failed = live.length === 0 ? [] : await publisher.publish(live)
    const shadow = pending.length - live.length
    const [first] = failed
    const sent = { ...counts, sent: live.length - failed.length, shadow, failed: failed.length }
    return first === undefined ? sent : { ...sent, reason: first.reason }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return { ...counts, failed: pending.length, reason: error.message }
  }
}

export function addPublished(a: Published, b: Published): Published {
  const reason = b.reason ?? a.reason
  return {
    sent: a.sent + b.sent,
    shadow: a.shadow + b.shadow,
    withheld: a.withheld + b.withheld,
    failed: a.failed + b.failed,
    ...(reason !== undefined && { reason }),
  }
}
