import { inParallel } from '../../concurrency/in-parallel.ts'
import { type DispatchDeps, dispatchIncident } from './dispatch.ts'
import type { DynamoMutes } from './dynamo-mutes.ts'
import { armCheck } from './look.ts'
import { wakeMuted } from './wake-muted.ts'

/** What the minute's look over all that is open needs. */
export interface SweepDeps extends DispatchDeps {
  readonly mutes: Pick<DynamoMutes, 'removedSince'>
  /** Differs after every change of the file of receivers. */
  readonly notifyVersion: () => Promise<string>
}

/** Timers and messages come a little late, and functions fail for a while: what is later than this was lost. */
const OVERDUE_MS = 600_000
const WIDTH = 8

/**
 * Finds what was lost between the steps of others: changes that nobody acted on, looks and deliveries that are overdue, receivers
 * that were notified of what has ended, and what waits for a mute that was removed. Once the file of receivers has changed,
 * all open incidents are asked for their receivers again. Returns how many incidents are open.
 */
export async function sweepIncidents(deps: SweepDeps): Promise<number> {
  const { incidents, deliveries, checks, clock } = deps
  const [open, allChecks, allDeliveries] = await Promise.all([incidents.open(), checks.all(), deliveries.allOpen()])
  const overdueMs = clock() - OVERDUE_MS
  const checked = new Map(allChecks.map((check) => [check.key, check.version]))
  const undispatched = open.filter(({ key, version }) => (checked.get(key) ?? 0) < version)
  const version = await deps.notifyVersion()
  const isChanged = version !== (await deliveries.notifyVersion())
  const toDispatch = isChanged ? open : undispatched
  await inParallel(toDispatch, WIDTH, ({ key }) => dispatchIncident(deps, key, isChanged))
  const lateChecks = allChecks.filter(({ dueAtMs }) => dueAtMs < overdueMs)
  await inParallel(lateChecks, WIDTH, (check) => armCheck(deps, { ...check, dueAtMs: clock() }))
  const keys = new Set(open.map(({ key }) => key))
  const late = allDeliveries.filter(({ id, dueAtMs }) => {
    return dueAtMs === undefined ? !keys.has(id.key) : dueAtMs < overdueMs
  })
  await deps.send(late.map(({ id }) => ({ ...id, dueAtMs: clock() })))
  // A look that began before a mute was removed may have held a delivery back after it.
  const removed = await deps.mutes.removedSince(overdueMs)
  const woken = await wakeMuted(deliveries, allDeliveries, removed, clock())
  await deps.send(woken.map((id) => ({ ...id, dueAtMs: clock() })))
  if (isChanged) await deliveries.noteNotifyVersion(version)
  return open.length
}
