import type { Evaluator } from './evaluator.ts'
import type { PendingSignal } from './ports.ts'
import type { SignalEvent } from './signal.ts'
import { StorageError } from './storage-error.ts'

/** Stores signals, then sends those that are neither in shadow mode nor past the rate; returns what could not be sent. */
export async function publishPending(
  evaluator: Evaluator,
  pending: readonly PendingSignal[],
): Promise<readonly PendingSignal[]> {
  if (pending.length === 0) return []
  const live = pending.filter(({ shadow }) => !shadow).map(({ event }) => event)
  // Both are durable before anything is sent, and can be repeated. At once, they are one write of a database.
  await Promise.all([evaluator.signals.record(pending), ...(live.length > 0 ? [evaluator.incidents.take(live)] : [])])
  const events: SignalEvent[] = []
  for (const event of live) {
    const { signal: rule, severity } = event.data
    if (evaluator.signalRate.admits(rule, event.id, evaluator.clock())) events.push(event)
    else evaluator.metrics.add('signalsSuppressed', { rule, severity })
  }
  if (events.length === 0) return []
  const failed = await evaluator.publisher.publish(events)
  for (const { event, reason } of failed) evaluator.log('error', 'signal not sent', { id: event.id, reason })
  if (failed.length > 0) evaluator.metrics.add('publishFailures', {}, failed.length)
  const failedIds = new Set(failed.map(({ event }) => event.id))
  return pending.filter(({ event }) => failedIds.has(event.id))
}

/** Throws a transient StorageError while signals remain unsent: the timer comes again and finds them in the marker. */
export function requirePublished(unsent: readonly PendingSignal[]): void {
  if (unsent.length > 0) throw new StorageError('unavailable', `${unsent.length} signals could not be sent`)
}
