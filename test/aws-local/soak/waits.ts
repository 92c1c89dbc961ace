import type { WorldClock } from './clock.ts'

/** Waits that end when the world's clock gets there, and not before. */
export interface Waits {
  until(afterMs: number): Promise<void>
  /** When the first of them ends; Infinity where nobody waits. */
  nextMs(): number
  /** Ends those whose time has come. */
  wake(): void
}

export function newWaits(clock: WorldClock): Waits {
  let waiting: { readonly atMs: number; readonly resolve: () => void }[] = []
  return {
    until: (afterMs) =>
      new Promise((resolve) => {
        waiting.push({ atMs: clock.now() + afterMs, resolve })
      }),
    nextMs: () => Math.min(...waiting.map(({ atMs }) => atMs)),
    wake() {
      const due = waiting.filter(({ atMs }) => atMs <= clock.now())
      waiting = waiting.filter(({ atMs }) => atMs > clock.now())
      for (const { resolve } of due) resolve()
    },
  }
}
