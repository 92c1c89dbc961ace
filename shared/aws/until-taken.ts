import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs } from '../concurrency/backoff.ts'

/** Waits the given number of milliseconds. */
export type Pause = (ms: number) => Promise<unknown>

/** How often and how patiently a store asks again for what AWS did not take. */
export interface Backoff {
  readonly attempts: number
  /** First wait; it doubles with each attempt, and half of it is random so that callers do not return together. */
  readonly firstWaitMs: number
  readonly pause: Pause
}

/** Seven tries over about three seconds: shorter than any caller's timeout, longer than DynamoDB takes to split. */
export const PATIENT: Backoff = { attempts: 7, firstWaitMs: 50, pause: sleep }

/**
 * Calls `attempt` with what is left of `items` until nothing is, or the attempts are used up; returns what is left.
 * `attempt` returns what the service did not take and throws for a failure that asking again cannot cure.
 */
export async function untilTaken<Item>(
  items: readonly Item[],
  attempt: (items: readonly Item[]) => Promise<readonly Item[]>,
  backoff: Backoff,
): Promise<readonly Item[]> {
  let left = items
  for (let tries = 0; left.length > 0 && tries < backoff.attempts; tries++) {
    if (tries > 0) await backoff.pause(backoffMs(tries, { firstMs: backoff.firstWaitMs, random: Math.random() }))
    left = await attempt(left)
  }
  return left
}
