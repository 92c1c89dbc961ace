/**
 * The step of coarse clocks. Browsers and the JavaScript SDK start a span at a whole millisecond and end it at start plus
 * microseconds, so a span that began right after another ended looks up to 1 ms early.
 */
export const MILLISECOND_NANOS = 1_000_000n

/** Whether a moment is known to the millisecond only. By chance 1 in 1,000 of a microsecond clock looks so too. */
export function isWhole(unixNano: bigint): boolean {
  return unixNano % MILLISECOND_NANOS === 0n
}

/** The start of the millisecond. */
export function cutToClock(unixNano: bigint): bigint {
  return unixNano - (unixNano % MILLISECOND_NANOS)
}

/** Nanoseconds from one moment to another; both are cutToClock where one is known to the millisecond only. */
export function gapNanos(from: bigint, to: bigint): bigint {
  return isWhole(from) || isWhole(to) ? cutToClock(to) - cutToClock(from) : to - from
}

/** Whether two moments lie in one millisecond and no clock tells which comes first. */
export function isTied(one: bigint, other: bigint): boolean {
  return (isWhole(one) || isWhole(other)) && cutToClock(one) === cutToClock(other)
}
