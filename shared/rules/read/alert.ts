import type { SourceRange } from '../../errors.ts'
import type { AlertCondition } from '../ast.ts'
import type { TextProblem } from '../problem.ts'
import { malformed } from './metadata-problem.ts'
import { durationMs } from './wait.ts'

/** Signals of incidents are kept for longer. */
const MAX_WINDOW_MS = 24 * 3_600_000
const MINUTE_MS = 60_000
const MAX_COUNT = 10_000
const ATTRIBUTE = /^[\p{L}_][\p{L}\p{N}_.:/-]{0,199}$/u

/** When violations open an incident: `each`, `5 in 10m` or `1 % in 10m`; anything else is reported. */
export function alertOf(
  value: string,
  range: SourceRange,
  report: (problem: TextProblem) => void,
): AlertCondition | undefined {
  const problem = (message: string, hint: string) => {
    report(malformed(range, message, hint))
    return undefined
  }
  if (value === 'each') return { kind: 'each' }
  const [, amount = '', percent = '', length = ''] = /^(\d{1,6}(?:\.\d{1,4})?)\s*(%?)\s+in\s+(\S+)$/.exec(value) ?? []
  if (amount === '') return problem(`"${value}" is not when to alert`, 'write each, 5 in 10m or 1 % in 10m')
  const windowMs = durationMs(length)
  if (windowMs === undefined) return problem(`"${length}" is not a length of time`, 'write a duration such as 10m')
  if (windowMs > MAX_WINDOW_MS) return problem('traces are counted for at most 24h', 'write 24h')
  const number = Number(amount)
  if (percent === '') {
    if (Number.isInteger(number) && number >= 1 && number <= MAX_COUNT)
      return { kind: 'count', count: number, windowMs }
    return problem(`"${amount}" is not a number of traces`, `write a whole number from 1 to ${MAX_COUNT}`)
  }
  if (number <= 0 || number > 100)
    return problem(`"${amount} %" is not a share`, 'write more than 0 % and at most 100 %')
  // Shares are counted by whole minutes.
  if (windowMs % MINUTE_MS !== 0) return problem('a share is taken over whole minutes', 'write a duration such as 10m')
  return { kind: 'share', share: number / 100, windowMs }
}

/** The attribute whose values have incidents of their own; anything else is reported. */
export function groupOf(value: string, range: SourceRange, report: (problem: TextProblem) => void): string | undefined {
  const name = value.replace(/^"(.*)"$/, '$1')
  if (ATTRIBUTE.test(name)) return name
  report(malformed(range, `"${value}" is not the name of an attribute`, 'write one name, such as cloud.region'))
  return undefined
}
