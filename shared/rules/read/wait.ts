import type { SourceRange } from '../../errors.ts'
import type { TextProblem } from '../problem.ts'
import { malformed } from './metadata-problem.ts'

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
])

/** No trace is kept back longer; `maxTraceAgeMs` ends each wait, and is less by default. */
const MAX_WAIT_MS = 24 * 3_600_000

/** A length of time such as `10m` in whole milliseconds, at least one; undefined for any other text. */
export function durationMs(text: string): number | undefined {
  const [, number = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]+)$/.exec(text) ?? []
  const ms = Math.round(Number(number) * (UNITS_MS.get(unit) ?? 0))
  return ms >= 1 ? ms : undefined
}

/** How long violations wait, in milliseconds; undefined for what is not a duration from 1ms to 24h, which is reported. */
export function waitOf(value: string, range: SourceRange, report: (problem: TextProblem) => void): number | undefined {
  const [, number = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]+)$/i.exec(value) ?? []
  const unitMs = UNITS_MS.get(unit.toLowerCase()) ?? UNITS_MS.get(unit.toLowerCase().charAt(0))
  const waitMs = Math.round(Number(number) * (unitMs ?? 0))
  if (UNITS_MS.has(unit) && waitMs >= 1 && waitMs <= MAX_WAIT_MS) return waitMs
  const isLong = waitMs > MAX_WAIT_MS
  const message = isLong ? 'a rule waits for at most 24h' : `"${value}" is not how long a rule may wait`
  const meant =
    unitMs === undefined || waitMs < 1
      ? 'write a duration such as 2m'
      : `write ${number}${unit.toLowerCase().charAt(0)}`
  report(malformed(range, message, isLong ? 'write 24h' : meant))
  return undefined
}
