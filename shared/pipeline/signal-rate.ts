const MINUTE_MS = 60_000

/**
 * Bounds how many signals of a rule this process publishes in a minute. The others are stored and counted all the same, and their
 * incident says how many there are.
 */
export class SignalRate {
  private readonly most: number
  private minute = 0
  private admitted = new Map<string, Set<string>>()

  /** `most`: signals of a rule and minute. */
  constructor(most: number) {
    this.most = most
  }

  /** Whether a signal may be published. One that was admitted may be published again. */
  admits(rule: string, eventId: string, nowMs: number): boolean {
    const minute = Math.floor(nowMs / MINUTE_MS)
    if (minute !== this.minute) {
      this.minute = minute
      this.admitted = new Map()
    }
    const known = this.admitted.get(rule) ?? new Set<string>()
    if (known.has(eventId)) return true
    if (known.size >= this.most) return false
    this.admitted.set(rule, known.add(eventId))
    return true
  }
}
