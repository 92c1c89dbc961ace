import { RE2JS, RE2JSSyntaxException } from 're2js'
import type { Problem } from '../../errors.ts'

/** Longest pattern accepted, in characters: parsing a longer one of nested repetitions could take seconds. */
export const MAX_REGEX_LENGTH = 1000

/**
 * Largest compiled program accepted, in RE2 instructions. A search costs at worst (instructions × characters): at this
 * size the worst patterns found (`\b[a-z ]{490}\bX`) take 0.15 s on a hostile text of 4 KB, ordinary ones microseconds.
 */
export const MAX_REGEX_INSTRUCTIONS = 500

/** `matches` looks at this many UTF-16 units from the start of a value, whatever the pattern. */
export const MAX_REGEX_INPUT = 65_536

export type RegexProblemCode = 'invalid-regex' | 'regex-too-large'

/** True where the pattern is found anywhere in the text (unanchored), looking at its first `MAX_REGEX_INPUT` units. */
export type RegexTest = (text: string) => boolean

/** What a set's patterns may cost to compile, by `regexCost`: about 5 s, and 400 MB in memory. */
export const MAX_SET_REGEX_COST = 5_000_000

/**
 * An upper estimate of what compiling a pattern costs, in steps of about a microsecond. A Unicode class (`\pL`) is the
 * dearest thing to write: RE2 makes a list of its hundreds of ranges, and with `(?i)` folds the case of each.
 */
export function regexCost(pattern: string): number {
  const unicode = pattern.match(/\\[pP]/g)?.length ?? 0
  const folded = /\(\?[a-z]*i/i.test(pattern) ? 10 : 1
  return 50 + pattern.length + Math.min(repetitions(pattern), MAX_REGEX_INSTRUCTIONS) + 50 * unicode * folded
}

/**
 * True for patterns that need not be compiled to know that RE2 takes them and that they are small: characters, plain
 * classes and groups of them, with quantifiers. Most are; compiling takes fifty times as long as this look.
 */
export function isPlainRegex(pattern: string): boolean {
  if (2 * (pattern.length + repetitions(pattern)) > MAX_REGEX_INSTRUCTIONS - 20) return false
  return (
    plainRegex.test(pattern) &&
    [...pattern.matchAll(/\{(\d+),(\d+)\}/g)].every(([, least, most]) => Number(least) <= Number(most))
  )
}

/** Compiles an RE2 pattern, or says what is wrong with it; total, and linear in the text whatever the pattern. */
export function compileRegex(pattern: string): RegexTest | Problem<RegexProblemCode> {
  if (pattern.length > MAX_REGEX_LENGTH)
    return tooLarge(`is ${pattern.length} characters long, over ${MAX_REGEX_LENGTH}`)
  if (repetitions(pattern) > MAX_REGEX_INSTRUCTIONS) return tooLarge('repeats too often')
  const literals = literalAlternatives(pattern)
  if (literals !== undefined) return bounded((text) => literals.some((literal) => text.includes(literal)))
  try {
    const regex = RE2JS.compile(pattern)
    if (regex.programSize() > MAX_REGEX_INSTRUCTIONS) {
      return tooLarge(`compiles to ${regex.programSize()} steps, over ${MAX_REGEX_INSTRUCTIONS}`)
    }
    return bounded((text) => regex.test(text))
  } catch (error) {
    return invalid(error)
  }
}

function bounded(test: RegexTest): RegexTest {
  return (text) => test(text.length > MAX_REGEX_INPUT ? text.slice(0, MAX_REGEX_INPUT) : text)
}

function invalid(error: unknown): Problem<RegexProblemCode> {
  const syntax = error instanceof RE2JSSyntaxException ? error : undefined
  const reason = syntax ? `${syntax.getDescription()} (${syntax.getPattern() ?? 'at its end'})` : String(error)
  return {
    code: 'invalid-regex',
    message: `RE2 does not accept this regular expression: ${reason}`,
    hint: 'write RE2 syntax: no backreferences or lookaround, and a backslash only before punctuation or a class such as \\d',
  }
}

function tooLarge(what: string): Problem<RegexProblemCode> {
  return {
    code: 'regex-too-large',
    message: `this regular expression ${what}`,
    hint: 'shorten it: lower the {n} repetitions, or split it into several `matches` joined with `or`',
  }
}

/**
 * Sum of all counted repetitions, a lower bound of the program's size that costs nothing: `(\pL{1000}){1}` over and over
 * is refused before RE2 expands it. Escapes and classes are taken out first, where braces are literal.
 */
function repetitions(pattern: string): number {
  const plain = pattern.replace(/\\./gsu, 'x').replace(/\[[^\]]*\]/gu, 'x')
  let sum = 0
  for (const [, least, most] of plain.matchAll(/\{(\d+)(?:,(\d*))?\}/gu))
    sum += Math.max(Number(least), Number(most ?? 0))
  return sum
}

const plainAtom = String.raw`(?:[^\\.+*?()|[\]{}^$\p{Cs}]|\\[!-\/:-@[-\x60{-~]|\\[dDwWsS]|\.|\[\^?(?:a-z|A-Z|a-f|A-F|0-9|\\[dws]|[\w .:@%_\/])+-?\])`
const plainUnit = String.raw`${plainAtom}(?:(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})\??)?`
const plainPart = String.raw`(?:${plainUnit}|[|^$]|\\b)`
const plainRegex = new RegExp(String.raw`^(?:\(\?i\))?(?:${plainPart}|\((?:\?:)?${plainPart}*\)[*+?]?)*$`, 'u')

const escapedPunctuation = /\\([!-/:-@[-`{-~])/gu
const plainText = /^(?:[^\\.+*?()|[\]{}^$]|\\[!-/:-@[-`{-~])+$/u

/**
 * The texts an unanchored search of this pattern looks for, where it comes to no more than that: `foo`, `.*foo.*`,
 * `.*(foo|bar).*`. Leading and trailing `.*` may match nothing, so they never matter, newlines or not.
 */
function literalAlternatives(pattern: string): readonly string[] | undefined {
  const core = pattern.replace(/^(?:\.\*\??)+/u, '').replace(/(?<!\\)(?:\.\*\??)+$/u, '')
  const group = /^\((?:\?:)?(.*)\)$/su.exec(core)
  const alternatives = (group?.[1] ?? core).split('|')
  const plain = alternatives.every((text) => plainText.test(text) && text.isWellFormed())
  return plain ? alternatives.map((text) => text.replace(escapedPunctuation, '$1')) : undefined
}
