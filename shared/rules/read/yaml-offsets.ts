import { Scalar } from 'yaml'

/**
 * The place in the file of each character of a YAML text value: one offset a UTF-16 unit, and one more for its end. Exact
 * for every style that YAML has; characters that folding made of a line break stand at that break.
 */
export function offsetsOfScalar(yaml: string, scalar: Scalar<string>): readonly number[] {
  const [start, end] = scalar.range ?? [0, 0]
  switch (scalar.type) {
    case Scalar.BLOCK_LITERAL:
      return offsetsOfLines(yaml, afterLine(yaml, start), scalar.value)
    case Scalar.BLOCK_FOLDED:
      return align(yaml, afterLine(yaml, start), end, scalar.value, 'plain')
    case Scalar.QUOTE_DOUBLE:
      return align(yaml, start + 1, end - 1, scalar.value, 'double')
    case Scalar.QUOTE_SINGLE:
      return align(yaml, start + 1, end - 1, scalar.value, 'single')
    default:
      return align(yaml, start, end, scalar.value, 'plain')
  }
}

function afterLine(yaml: string, offset: number): number {
  const newline = yaml.indexOf('\n', offset)
  return newline < 0 ? yaml.length : newline + 1
}

/** A literal block keeps its lines: each stands at the end of its line in the file, behind the indentation. */
function offsetsOfLines(yaml: string, start: number, value: string): readonly number[] {
  const offsets: number[] = []
  let lineStart = start
  for (const line of value.split('\n')) {
    const newline = yaml.indexOf('\n', lineStart)
    const lineEnd = newline < 0 ? yaml.length : newline
    const textEnd = yaml[lineEnd - 1] === '\r' ? lineEnd - 1 : lineEnd
    const textStart = Math.max(lineStart, textEnd - line.length)
    for (let index = 0; index <= line.length; index += 1) offsets.push(textStart + index)
    lineStart = lineEnd + 1
  }
  return offsets
}

/** Walks value and file side by side; white space may differ in length, all else is equal or an escape. */
function align(
  yaml: string,
  start: number,
  end: number,
  value: string,
  quotes: 'plain' | 'single' | 'double',
): readonly number[] {
  const offsets: number[] = []
  let at = start
  for (let index = 0; index < value.length; index += 1) {
    const character = value[index] ?? ''
    const isSpace = /\s/.test(character)
    if (quotes === 'double') at = afterFold(yaml, at, end, isSpace)
    const escaped = quotes === 'double' && yaml[at] === '\\' ? escapeAt(yaml, at) : undefined
    if (escaped !== undefined) {
      for (let unit = 0; unit < escaped.units; unit += 1) offsets[index + unit] = Math.min(at, end)
      index += escaped.units - 1
      at += escaped.length
      continue
    }
    while (!isSpace && at < end && yaml[at] !== character) at += yaml[at] === '\\' && quotes === 'double' ? 2 : 1
    offsets.push(Math.min(at, end))
    if (!isSpace || /\s/.test(yaml[at] ?? '')) at += 1
    if (quotes === 'single' && character === "'") at += 1
  }
  offsets.push(Math.min(at, end))
  return offsets
}

/** Behind line ends that an escape takes away, and behind white space where the value has none: escapes may follow. */
function afterFold(yaml: string, start: number, end: number, isSpace: boolean): number {
  let at = start
  for (;;) {
    const continues = yaml[at] === '\\' && /[\r\n]/.test(yaml[at + 1] ?? '')
    if (at >= end || !(continues || (!isSpace && /\s/.test(yaml[at] ?? '')))) return at
    at += continues ? 2 : 1
    while (continues && at < end && /\s/.test(yaml[at] ?? '')) at += 1
  }
}

/** How long the escape at an offset is, and how many units of text it makes; undefined where it continues a line. */
function escapeAt(yaml: string, at: number): { readonly length: number; readonly units: number } | undefined {
  switch (yaml[at + 1]) {
    case '\r':
    case '\n':
      return undefined
    case 'x':
      return { length: 4, units: 1 }
    case 'u':
      return { length: 6, units: 1 }
    case 'U':
      return { length: 10, units: Number.parseInt(yaml.slice(at + 2, at + 10), 16) > 0xffff ? 2 : 1 }
    default:
      return { length: 2, units: 1 }
  }
}
