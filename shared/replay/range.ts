import { InputError } from '../errors.ts'

/** Traces filed from `fromMs` to `toMs` (exclusive), milliseconds since 1970. */
export interface ReplayRange {
  readonly fromMs: number
  readonly toMs: number
}

type RangeErrorCode = 'bad-time' | 'empty-range' | 'range-too-long' | 'range-in-future'

const UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
const DAY_MS = UNITS_MS.d
const MAX_RANGE_DAYS = 400

/**
 * Reads a time range: ISO 8601 dates and times (UTC where they name no zone), or relative ones (`-29d`, `-90m`, `now`)
 * counted from `nowMs`. Throws InputError where a time cannot be read, or the range is empty, in the future or over 400 days.
 */
export function parseRange(from: string, to: string, nowMs: number): ReplayRange {
  const range = { fromMs: parseTime('from', from, nowMs), toMs: parseTime('to', to, nowMs) }
  if (range.fromMs >= range.toMs) {
    throw rangeError(
      'empty-range',
      `the range is empty: it goes from ${iso(range.fromMs)} to ${iso(range.toMs)}`,
      'name the earlier time as from; to is not part of the range',
    )
  }
  if (range.fromMs > nowMs) {
    throw rangeError(
      'range-in-future',
      `the range starts at ${iso(range.fromMs)}, in the future`,
      'name an earlier from',
    )
  }
  if (range.toMs - range.fromMs > MAX_RANGE_DAYS * DAY_MS) {
    throw rangeError('range-too-long', `the range is longer than ${MAX_RANGE_DAYS} days`, 'replay it in several runs')
  }
  return range
}

/** Reads one end of a range, milliseconds since 1970. */
export function parseTime(which: 'from' | 'to', text: string, nowMs: number): number {
  if (text === 'now') return nowMs
  const relative = /^-(\d{1,6})([smhdw])$/.exec(text)
  if (relative !== null) return nowMs - Number(relative[1]) * UNITS_MS[relative[2] as keyof typeof UNITS_MS]
  const absolute = parseIso(text)
  if (absolute !== undefined) return absolute
  throw rangeError(
    'bad-time',
    `${which} is "${text}", which is not a time`,
    'write an ISO time such as 2025-10-01T12:00Z or 2025-10-01, a relative one such as -29d, -6h, -90m, or now',
  )
}

function parseIso(text: string): number | undefined {
  const [, date, time = '00:00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? []
  const dayMs = Date.parse(`${date}T00:00Z`)
  // Date.parse takes the 30th of February for the 2nd of March.
  if (Number.isNaN(dayMs) || !iso(dayMs).startsWith(date ?? '')) return undefined
  const parsed = Date.parse(`${date}T${time}${zone}`)
  return Number.isNaN(parsed) ? undefined : parsed
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

function rangeError(code: RangeErrorCode, message: string, hint: string): InputError<RangeErrorCode> {
  return new InputError({ code, message, hint })
}
