import type { RuleTestProblemCode } from './problem.ts'

/** An OTLP/JSON AnyValue. */
export type AnyValue =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly boolValue: boolean }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } }
  /** No value: what rules take for missing. */
  | Readonly<Record<string, never>>

/** One word of a drawn span, or a `key=value`; offsets in its line. */
export interface Word {
  readonly start: number
  readonly end: number
  readonly text: string
  readonly quoted: boolean
  readonly value?: AnyValue
}

/** What is wrong in a line, and where. */
export interface WordProblem {
  readonly code: RuleTestProblemCode
  readonly start: number
  readonly end: number
  readonly message: string
  readonly hint: string
}

interface Scanner {
  readonly line: string
  at: number
}

/** Splits a line at blanks into words and `key=value` pairs, up to a `#` that begins a word. */
export function wordsOf(line: string): { readonly words: readonly Word[]; readonly problem?: WordProblem } {
  const scanner: Scanner = { line, at: 0 }
  const words: Word[] = []
  try {
    for (;;) {
      skipBlanks(scanner)
      if (scanner.at >= line.length || line[scanner.at] === '#') return { words }
      words.push(readWord(scanner))
    }
  } catch (thrown) {
    if (!isProblem(thrown)) throw thrown
    return { words, problem: thrown }
  }
}

function isProblem(thrown: unknown): thrown is WordProblem {
  return typeof thrown === 'object' && thrown !== null && 'hint' in thrown && !(thrown instanceof Error)
}

function problem(start: number, end: number, message: string, hint: string): WordProblem {
  return { code: 'malformed-value', start, end, message, hint }
}

function skipBlanks(scanner: Scanner): void {
  while (/\s/.test(scanner.line[scanner.at] ?? '')) scanner.at += 1
}

function readWord(scanner: Scanner): Word {
  const start = scanner.at
  const quoted = scanner.line[start] === '"'
  const text = quoted ? readQuoted(scanner) : readBare(scanner, /[^\s=]*/y)
  if (scanner.line[scanner.at] !== '=') {
    const next = scanner.line[scanner.at]
    if (next !== undefined && !/\s/.test(next)) {
      throw problem(scanner.at, scanner.at + 1, 'a blank is missing behind the closing quote', 'put a blank here')
    }
    return { start, end: scanner.at, text, quoted }
  }
  if (text === '') throw problem(start, start + 1, 'a key is missing before "="', 'write key=value')
  scanner.at += 1
  const value = readValue(scanner, /\S*/y)
  return { start, end: scanner.at, text, quoted, value }
}

function readBare(scanner: Scanner, pattern: RegExp): string {
  pattern.lastIndex = scanner.at
  const text = pattern.exec(scanner.line)?.[0] ?? ''
  scanner.at += text.length
  return text
}

function readQuoted(scanner: Scanner): string {
  const start = scanner.at
  const raw = readBare(scanner, /"(?:\\.|[^"\\])*"?/y)
  if (raw.length < 2 || !/^"(?:\\.|[^"\\])*"$/.test(raw)) {
    throw problem(start, scanner.line.length, 'the closing quote is missing', 'write " at the end of the text')
  }
  return raw.slice(1, -1).replace(/\\(.)/g, (written, character: string) => ESCAPES[character] ?? written)
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"', '\\': '\\' }

function readValue(scanner: Scanner, bare: RegExp): AnyValue {
  const start = scanner.at
  const first = scanner.line[start]
  if (first === '"') return { stringValue: readQuoted(scanner) }
  if (first === '[') return { arrayValue: { values: readItems(scanner) } }
  const text = readBare(scanner, bare)
  if (text === '') throw problem(start, start + 1, 'a value is missing', 'write one, "" for an empty text, or null')
  return bareValue(text, start)
}

function readItems(scanner: Scanner): readonly AnyValue[] {
  const start = scanner.at
  const values: AnyValue[] = []
  scanner.at += 1
  for (;;) {
    skipBlanks(scanner)
    if (scanner.at >= scanner.line.length) {
      throw problem(start, scanner.line.length, 'the list is not closed', 'write ] at its end')
    }
    if (scanner.line[scanner.at] === ']') break
    values.push(readValue(scanner, /[^\s,\]]*/y))
    skipBlanks(scanner)
    if (scanner.line[scanner.at] === ',') scanner.at += 1
    else if (scanner.line[scanner.at] !== ']' && scanner.at < scanner.line.length) {
      throw problem(scanner.at, scanner.at + 1, 'a comma is missing in the list', 'write , between two items')
    }
  }
  scanner.at += 1
  return values
}

const MAX_INT64 = 2n ** 63n - 1n

/** `true`, `7` and `2.5` are what they look like; `007`, `1.2.3` and everything else is text. */
function bareValue(text: string, start: number): AnyValue {
  if (text === 'true' || text === 'false') return { boolValue: text === 'true' }
  if (text === 'null') return {}
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return numberValue(text, start)
  return { stringValue: text }
}

function numberValue(text: string, start: number): AnyValue {
  if (!/^-?\d+$/.test(text)) return { doubleValue: Number(text) }
  const value = BigInt(text)
  if (value > MAX_INT64 || value < -MAX_INT64 - 1n) {
    throw problem(start, start + text.length, 'a whole number beyond 64 bits', `write "${text}" for text`)
  }
  return { intValue: text }
}
