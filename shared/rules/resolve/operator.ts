import type { ComparisonOperator } from '../ast.ts'
import { type Reading, report } from './reading.ts'
import type { Token } from './syntax.ts'

export type ComparingOperator = ComparisonOperator | 'matches'

const OPERATORS: readonly ComparingOperator[] = [
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'contains',
  'starts with',
  'ends with',
  'matches',
]

/** Spellings of other languages, and the operator meant. */
const SPELLINGS: ReadonlyMap<string, ComparingOperator> = new Map([
  ['===', '=='],
  ['=', '=='],
  [':', '=='],
  ['!==', '!='],
  ['<>', '!='],
  ['≠', '!='],
  ['=<', '<='],
  ['≤', '<='],
  ['=>', '>='],
  ['≥', '>='],
  ['<<', '<'],
  ['>>', '>'],
  ['=~', 'matches'],
  ['~', 'matches'],
  ['equals', '=='],
  ['equal', '=='],
  ['eq', '=='],
  ['is', '=='],
  ['neq', '!='],
  ['ne', '!='],
  ['is not', '!='],
  ['isnt', '!='],
  ['gt', '>'],
  ['gte', '>='],
  ['ge', '>='],
  ['lt', '<'],
  ['lte', '<='],
  ['le', '<='],
  ['contain', 'contains'],
  ['includes', 'contains'],
  ['include', 'contains'],
  ['icontains', 'contains'],
  ['starts', 'starts with'],
  ['ends', 'ends with'],
  ['starts_with', 'starts with'],
  ['startswith', 'starts with'],
  ['ends_with', 'ends with'],
  ['endswith', 'ends with'],
  ['like', 'matches'],
  ['ilike', 'matches'],
  ['imatches', 'matches'],
  ['match', 'matches'],
  ['regex', 'matches'],
])

const CASELESS = new Set(['icontains', 'imatches', 'ilike'])

/** The operator of a comparison; one of another language is reported and read as the one meant. */
export function comparingOperator(reading: Reading, token: Token, left: string): ComparingOperator {
  const written = token.text
  const known = OPERATORS.find((operator) => operator === written)
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
  return OPERATORS.find((operator) => operator === word) ?? SPELLINGS.get(word)
}

/** Whether a membership is `not in`; reports `notin`, `IN` and the like. */
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
