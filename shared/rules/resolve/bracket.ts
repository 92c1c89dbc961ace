import { followsRate, reportRate, reportSubscript, reportThousands, reportWithinBlock } from './habits.ts'
import { quoted, type Reading, report, textOf } from './reading.ts'
import type { Extra, TextRange, Token } from './syntax.ts'

interface Bracketed {
  readonly open: Token
  readonly extra: Extra | null
  readonly close: Token | null
}

/** Reports a bracket that is never closed, or else text inside it that fits nowhere. */
export function checkBracket(reading: Reading, bracket: Bracketed, inside: string): void {
  if (bracket.close === null) reportUnclosed(reading, bracket.open)
  else if (bracket.extra !== null) reportExtra(reading, bracket.extra, inside)
}

const CLOSING: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
])

export function reportUnclosed(reading: Reading, open: Token): void {
  const closing = CLOSING.get(open.text) ?? ''
  report(
    reading,
    open,
    'unclosed-bracket',
    `this "${open.text}" is never closed`,
    `add the "${closing}" that belongs to it`,
  )
}

/** Reports text that fits nowhere, at its first word, with what was probably meant. */
export function reportExtra(reading: Reading, extra: Extra, inside: string): undefined {
  const start = extra.start + (extra.text.length - extra.text.trimStart().length)
  const [found = ''] = /^(?:[\p{L}\p{N}_]+|&&|\|\||.)/su.exec(reading.text.slice(start, extra.end)) ?? []
  const at: TextRange = { start, end: start + Math.max(found.length, 1) }
  if (isHabit(reading, at, found)) return undefined
  return report(
    reading,
    at,
    'unexpected-text',
    `"${found}" cannot stand here ${inside}`,
    hintForExtra(reading, at, found),
  )
}

/** Reports what other languages teach, or finds it a part of what was reported. */
function isHabit(reading: Reading, at: TextRange, found: string): boolean {
  if (found === ',') return reportThousands(reading, at.start)
  if (found === '[') return reportSubscript(reading, at.start)
  if (found === 'within' && reportWithinBlock(reading, at)) return true
  return reportRate(reading, at.start) || followsRate(reading, at.start)
}

function hintForExtra(reading: Reading, at: TextRange, found: string): string {
  const before = reading.text.slice(Math.max(0, at.start - 1), at.start)
  const after = reading.text.slice(at.start, at.start + 2)
  if (/^\/[/*]/.test(after)) return 'start a comment with // at the start of a line or after a space'
  if (found === '#') return 'start a comment with //'
  if (before.endsWith('"')) return 'write a quote inside text as \\"'
  if (found === '.' && /\sas\s+[\p{L}\p{N}_]+$/u.test(reading.text.slice(0, at.start)))
    return 'write filters before "as"'
  if (found === '.' && after.startsWith('.*')) return 'write a name with * inside trace.has(…)'
  if (found === '.' && /^\.\p{L}/u.test(after)) return 'write the attribute without the leading point'
  if (found === '.' && /\d$/.test(before)) return 'write the number without the point'
  if (found === ',') return 'write "and" or "or" between conditions'
  if (found === ')' || found === ']' || found === '}') return `remove it, or add the bracket that opens it`
  if (found === '{') return 'write when { … } always { … }, or ( … ) to group'
  if (found === '"') return 'put the whole text in one pair of quotes'
  if (/[\p{L}\p{N}]/u.test(found)) return 'write an operator before it, or put the whole text in quotes'
  return `remove it, or put the text that holds it in quotes, as in ${quoted(`a${found}b`)}`
}

/** Reports a place where a value, name or condition is missing. */
export function reportMissing(reading: Reading, at: TextRange, what: string): undefined {
  const written = textOf(reading, at)
  report(reading, at, 'missing-value', `${what} is missing at "${written}"`, `write ${what}`)
}
