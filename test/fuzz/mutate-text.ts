import type { Random } from '../pipeline/model/random.ts'

/** What trips readers of text: controls, marks, halves of characters, long things, and marks that open and never close. */
const ODD_TEXTS = [
  '\0',
  '\uFEFF',
  '\r',
  '\r\n',
  '\n',
  '\t',
  '\v',
  '\u001b[31m',
  '\u0085',
  '\u00a0',
  '\u2028',
  '\u200b',
  '\u202e',
  '\ud800',
  '\udc00',
  '\ufffd',
  'e\u0301',
  '😀',
  '日本',
  '"',
  "'",
  '`',
  '\\',
  '(',
  ')',
  '{',
  '}',
  '[',
  ']',
  '//',
  '/*',
  '#',
  '-1',
  '1e999',
  '9'.repeat(400),
  '0x1F',
  '18446744073709551616',
  '__proto__',
  'constructor',
  'toString',
]

const TOKEN = /"(?:\\.|[^"\\\n])*"|[\p{L}\p{N}_.$*-]+|\s+|[\s\S]/gu

/** Texts and words to put into others. */
export interface TextPool {
  readonly texts: readonly string[]
  readonly words: readonly string[]
}

/** A text of the pool with one to eight things done to it, or text made of its words. */
export function mutatedText(random: Random, pool: TextPool, mostLength: number): string {
  if (random.chance(0.15)) return randomWords(random, pool)
  let text = random.pick(pool.texts)
  for (let left = random.between(1, random.chance(0.2) ? 8 : 3); left > 0; left--) text = mutate(random, text, pool)
  return text.slice(0, mostLength)
}

function randomWords(random: Random, { words }: TextPool): string {
  const parts: string[] = []
  for (let left = random.between(1, 60); left > 0; left--) {
    parts.push(random.chance(0.05) ? random.pick(ODD_TEXTS) : random.pick(words))
    if (random.chance(0.6)) parts.push(' ')
  }
  return parts.join('')
}

function mutate(random: Random, text: string, pool: TextPool): string {
  const tokens = text.match(TOKEN) ?? []
  const at = random.between(0, Math.max(0, tokens.length - 1))
  const length = random.chance(0.8) ? 1 : random.between(1, 12)
  const part = tokens.slice(at, at + length)
  switch (random.between(0, 10)) {
    case 0:
      return tokens.toSpliced(at, length).join('')
    case 1:
      return tokens.toSpliced(at, 0, ...part).join('')
    case 2: {
      const rest = tokens.toSpliced(at, length)
      return rest.toSpliced(random.between(0, rest.length), 0, ...part).join('')
    }
    case 3:
      return tokens.toSpliced(at, 0, ` ${random.pick(pool.words)} `).join('')
    case 4:
      return tokens.toSpliced(at, length, random.pick(pool.words)).join('')
    case 5:
      return tokens.toSpliced(at, 0, random.pick(ODD_TEXTS)).join('')
    case 6:
      return changeCharacter(random, text)
    case 7:
      return splice(random, text, random.pick(pool.texts))
    case 8:
      return text.slice(0, random.between(0, text.length))
    case 9:
      return tokens
        .toSpliced(at, 0, repeated(random, random.chance(0.5) ? part.join('') : random.pick(pool.words)))
        .join('')
    default:
      return nested(random, text, tokens, at, length)
  }
}

function changeCharacter(random: Random, text: string): string {
  const at = random.between(0, text.length)
  const character = String.fromCharCode(random.chance(0.7) ? random.between(0, 127) : random.between(0, 0xffff))
  return text.slice(0, at) + character + text.slice(at + random.between(0, 1))
}

function splice(random: Random, text: string, other: string): string {
  return text.slice(0, random.between(0, text.length)) + other.slice(random.between(0, other.length))
}

/** Many, seldom very many. */
function repeated(random: Random, part: string): string {
  const most = random.chance(0.1) ? 100_000 : 300
  return part.repeat(random.between(1, Math.max(1, Math.floor(most / Math.max(1, part.length)))))
}

const PAIRS = [
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
  ['not ', ''],
  ['-', ''],
  ['num(', ')'],
  ['exists(', ')'],
  ['trace.has(', ')'],
  ['trace.count(', ')'],
  ['x.where(', ')'],
  ['a + ', ''],
  ['- ', ''],
] as const

function nested(random: Random, text: string, tokens: readonly string[], at: number, length: number): string {
  const [open, close] = random.pick(PAIRS)
  const depth = random.chance(0.1) ? random.between(60, 5000) : random.between(1, 70)
  const closed = random.chance(0.8) ? close.repeat(depth) : ''
  const inner = tokens.slice(at, at + length).join('')
  if (random.chance(0.2)) return open.repeat(depth) + text + closed
  return tokens.toSpliced(at, length, open.repeat(depth) + inner + closed).join('')
}

/** The different words of texts. */
export function wordsOf(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.flatMap((text) => text.match(TOKEN) ?? []))].filter((word) => word.length < 60)
}
