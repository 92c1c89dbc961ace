/** The last millisecond that `Date` knows. */
const LATEST_MS = 8.64e15

/** RFC 3339, UTC; for a number that is not a time, the nearest time. */
export function isoTime(ms: number): string {
  const known = Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, -LATEST_MS), LATEST_MS)
  return new Date(known).toISOString()
}

/** `2026-11-29 12:04:05 UTC` */
export function utcText(ms: number): string {
  return isoTime(ms)
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const

/** The two largest units: `2 days 4 hours`, `42 minutes`, `0 seconds`. */
export function durationText(ms: number): string {
  let left = Number.isFinite(ms) ? Math.max(ms, 0) : 0
  const parts: string[] = []
  const largest = UNITS.findIndex(([, unitMs]) => left >= unitMs)
  if (largest === -1) return '0 seconds'
  for (const [unit, unitMs] of UNITS.slice(largest, largest + 2)) {
    const count = Math.floor(left / unitMs)
    left -= count * unitMs
    if (count > 0) parts.push(`${count} ${unit}${count === 1 ? '' : 's'}`)
  }
  return parts.join(' ')
}
