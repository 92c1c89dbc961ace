import { createRequire, syncBuiltinESMExports } from 'node:module'

/** Time that stands still until somebody moves it; every thread sees the same. */
export interface WorldClock {
  /** Shared between threads: one 64-bit number, milliseconds since 1970. */
  readonly cell: SharedArrayBuffer
  now(): number
  /** Time never goes back. */
  advance(ms: number): void
}

/** The clock of one machine, which tells the time a little wrongly. */
export interface SkewedClock {
  readonly cell: SharedArrayBuffer
  readonly skewMs: number
}

export function newWorldClock(startMs: number): WorldClock {
  const cell = new SharedArrayBuffer(8)
  const time = new BigInt64Array(cell)
  Atomics.store(time, 0, BigInt(startMs))
  return {
    cell,
    now: () => Number(Atomics.load(time, 0)),
    advance(ms) {
      Atomics.add(time, 0, BigInt(Math.max(0, Math.ceil(ms))))
    },
  }
}

/** From now on `Date.now` of this thread is the clock's. */
export function tellTimeBy({ cell, skewMs }: SkewedClock): void {
  const time = new BigInt64Array(cell)
  Date.now = () => Number(Atomics.load(time, 0)) + skewMs
}

/** Waits shorter than this are pauses between attempts, or for company; longer ones are patience with a call. */
const PATIENCE_FROM_MS = 3_000
const PAUSE_SHARE = 0.1
const PATIENCE_SHARE = 0.25

/**
 * From now on this thread lives by the clock: it tells time by it, does not wait as long between attempts as on AWS, and
 * gives up sooner on a call that is never answered. To be called before anything is loaded that keeps these functions.
 */
export function goBy(clock: SkewedClock): void {
  tellTimeBy(clock)
  const shorter = (ms = 0) => ms * (ms < PATIENCE_FROM_MS ? PAUSE_SHARE : PATIENCE_SHARE)
  const { setTimeout: later } = globalThis
  globalThis.setTimeout = Object.assign(
    (work: () => void, ms?: number, ...rest: []) => later(work, shorter(ms), ...rest),
    later,
  )
  const promises = createRequire(import.meta.url)('node:timers/promises') as typeof import('node:timers/promises')
  const { setTimeout: pause } = promises
  promises.setTimeout = ((ms, value, options) => pause(shorter(ms), value, options)) as typeof pause
  syncBuiltinESMExports()
}
