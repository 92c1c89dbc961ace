import { type ComparisonOperator, MATCHES_ALIASES, OPERATORS, operatorNamed } from '../operators.ts'
import { type Reading, report } from './reading.ts'
import type { Token } from './syntax.ts'

/** What follows a value in a test: a comparison operator, or `matches`. */
export type ComparingOperator = ComparisonOperator | 'matches'

/** Spellings of other languages, and the operator meant. */
const SPELLINGS: ReadonlyMap<string, ComparingOperator> = new Map([
  ...Object.entries(OPERATORS).flatMap(([operator, { aliases }]) =>
    aliases.map((alias) => [alias, operator as ComparisonOperator] as const),
  ),
  ...MATCHES_ALIASES.map((alias) => [alias, 'matches'] as const),
])

const CASELESS = new Set(['icontains', 'imatches', 'ilike'])

/** The operator of a comparison; one of another language is reported and read as the one meant. */
export function comparingOperator(reading: Reading, token: Token, left: string): ComparingOperator {
  const written = token.text
  const known = comparingNamed(written)
  if (known !== undefined) return known
  const lower = written.toLowerCase()
  const shown = left.length <= 40 ? left : '…'
  const direct = meantBy(lower)
  if (direct !== undefined) {
    const caseless = CASELESS.has(lower) ? '(?i)' : ''
    const operator = caseless === '' ? direct : 'matches'
    const right = operator === 'matches' ? `"${caseless}…"` : '…'
    reportOperator(reading, token, written, `write ${shown} ${operator} ${right}`)
    return direct
  }
  const opposite = lower === '!~' ? 'matches' : (meantBy(lower.replace(/^not /, '')) ?? '==')
  reportOperator(reading, token, written, `write not (${shown} ${opposite} …)`)
  return opposite
}

function meantBy(word: string): ComparingOperator | undefined {
  return comparingNamed(word) ?? SPELLINGS.get(word)
}

function comparingNamed(word: string): ComparingOperator | undefined {
  return word === 'matches' ? word : operatorNamed(word)
}

/** Whether a membership is `not in`; reports other spellings such as `notin` or `IN`. */
export function isNegatedMembership(reading: Reading, token: Token): boolean {
  const written = token.text
  const negated = written.toLowerCase() !== 'in'
  const word = negated ? 'not in' : 'in'
  if (written !== word) reportOperator(reading, token, written, `write "${word}"`)
  return negated
}

function reportOperator(reading: Reading, token: Token, written: string, hint: string): void {
  report(reading, token, 'wrong-operator', `"${written}" is not an operator of this language`, hint)
}

/** Reports `&&`, `||`, `!` and words in the wrong case. */
export function checkLogicWord(reading: Reading, token: Token, word: 'and' | 'or' | 'not'): void {
  if (token.text === word) return
  report(reading, token, 'wrong-operator', `"${token.text}" is not an operator of this language`, `write "${word}"`)
}
