/** The last millisecond that `Date` knows. */
const LATEST_MS = 8.64e15

/** RFC 3339, UTC; the nearest time there is for a number that is none. */
export function isoTime(ms: number): string {
  const known = Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, -LATEST_MS), LATEST_MS)
  return new Date(known).toISOString()
}
