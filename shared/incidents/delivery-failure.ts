/** How a request ended that was not answered with 2xx. */
export interface DeliveryFailure {
  readonly reason: string
  /** Sending the same again may help. */
  readonly retriable: boolean
  /** What the receiver asked for, in milliseconds. */
  readonly retryAfterMs?: number
}

const RETRIABLE_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

/** What an answer other than 2xx means: overload and faults pass, refusals and redirects do not. */
export function deliveryFailureOf(status: number, retryAfter: string | null): DeliveryFailure {
  const seconds = retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined
  const retriable = RETRIABLE_STATUSES.has(status) || status > 504
  return {
    reason: `answered ${status}`,
    retriable,
    ...(seconds === undefined ? {} : { retryAfterMs: seconds * 1000 }),
  }
}
