/** Runs something later; tests bring their own, so that they never wait. */
export interface Scheduler {
  /** Runs `work` once after a delay in milliseconds; the result calls it off. */
  after(delayMs: number, work: () => void): () => void
}

/** The timers of this process. */
export const processScheduler: Scheduler = {
  after(delayMs, work) {
    const timer = setTimeout(work, delayMs)
    return () => clearTimeout(timer)
  },
}

/**
 * Does `work` again and again, each time `delayMs` after the last has ended, well or with an error that is reported. The
 * result ends it, and waits for the last.
 */
export function repeat(
  scheduler: Scheduler,
  delayMs: number,
  work: () => Promise<void>,
  onError: (error: unknown) => void,
): () => Promise<void> {
  let stopped = false
  let running: Promise<void> = Promise.resolve()
  let cancel = () => {}
  const schedule = () => {
    if (stopped) return
    cancel = scheduler.after(delayMs, () => {
      running = work().catch(onError).finally(schedule)
    })
  }
  schedule()
  return async () => {
    stopped = true
    cancel()
    await running
  }
}
