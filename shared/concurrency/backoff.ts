/** How long to wait before trying again. */
export interface BackoffWait {
  /** The wait after the first failure; it doubles with each further one. */
  readonly firstMs: number
  /** The longest wait; without a bound unless given. */
  readonly mostMs?: number
  /** 0 to 1, for the upper half of the wait, so that callers do not return together; all of it unless given. */
  readonly random?: number
  /** The wait that the other side asked for; the result is at least as long, within `mostMs`. */
  readonly askedMs?: number | undefined
}

/** The wait after the given number of failures (1, 2 …), in milliseconds. */
export function backoffMs(
  failures: number,
  { firstMs, mostMs = Infinity, random = 1, askedMs = 0 }: BackoffWait,
): number {
  const fullMs = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 40))
  return Math.max(Math.round(fullMs / 2 + (fullMs / 2) * random), Math.min(askedMs, mostMs))
}
