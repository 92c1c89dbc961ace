import type { SourceRange } from '../../errors.ts'
import type { Literal, Operand } from '../ast.ts'
import { nearest } from '../read/suggest.ts'
import { reportPerTime } from './habits.ts'
import { quoted, type Reading, report } from './reading.ts'
import type { LeafNode, TextRange, WordNode } from './syntax.ts'

type NumberNode = TextRange & { readonly text: string }

const DURATION_UNITS: ReadonlyMap<string, { readonly exponent: number; readonly factor: number }> = new Map([
  ['us', { exponent: 3, factor: 1 }],
  ['ms', { exponent: 6, factor: 1 }],
  ['s', { exponent: 9, factor: 1 }],
  ['m', { exponent: 9, factor: 60 }],
  ['h', { exponent: 9, factor: 3600 }],
])
const SIZE_EXPONENTS: ReadonlyMap<string, number> = new Map([
  ['kb', 3],
  ['mb', 6],
  ['gb', 9],
])
const UNITS = [...DURATION_UNITS.keys(), ...SIZE_EXPONENTS.keys()]
/** What people write for a unit elsewhere, and the word for it here. */
const UNIT_SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['sec', 's'],
  ['secs', 's'],
  ['second', 's'],
  ['seconds', 's'],
  ['min', 'm'],
  ['mins', 'm'],
  ['minute', 'm'],
  ['minutes', 'm'],
  ['hr', 'h'],
  ['hrs', 'h'],
  ['hour', 'h'],
  ['hours', 'h'],
  ['millis', 'ms'],
  ['msec', 'ms'],
  ['micros', 'us'],
  ['usec', 'us'],
  ['µs', 'us'],
  ['μs', 'us'],
  ['k', 'kb'],
  ['kib', 'kb'],
  ['mib', 'mb'],
  ['gib', 'gb'],
])

export function decodeText(raw: string): string {
  return raw.replace(/\\([\\"nt])/g, (_, character: string) => DECODED.get(character) ?? character)
}

const DECODED: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
])

/** A number, a duration or a size as written; reports an unknown unit. */
export function resolveNumber(reading: Reading, node: NumberNode): Literal | undefined {
  const parts = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?(\p{L}*)$/u.exec(node.text)
  const [, whole = '', fraction = '', exponentText = '0', unit = ''] = parts ?? []
  const range = reading.rangeOf(node)
  const digits = `${whole}${fraction}`
  const exponent = Number(exponentText) - fraction.length
  const duration = DURATION_UNITS.get(unit)
  if (duration !== undefined) {
    const nanos = decimal(digits, exponent + duration.exponent) * duration.factor
    return Number.isFinite(nanos) ? { kind: 'duration', nanos, range } : tooLarge(reading, node)
  }
  const scale = unit === '' ? 0 : SIZE_EXPONENTS.get(unit)
  if (scale === undefined) return unknownUnit(reading, node, unit)
  const value = decimal(digits, exponent + scale)
  if (!Number.isFinite(value)) return tooLarge(reading, node)
  const isInteger = fraction === '' && exponentText === '0'
  const isExact = !isInteger || value <= Number.MAX_SAFE_INTEGER
  return { kind: 'number', value: isExact ? value : BigInt(digits) * 10n ** BigInt(scale), range }
}

/** What a `-` before a literal makes of it; undefined of any other value. */
export function negatedLiteral(operand: Operand, range: SourceRange): Literal | undefined {
  if (operand.kind === 'duration') return { ...operand, nanos: 0 - operand.nanos, range }
  if (operand.kind !== 'number') return undefined
  return { ...operand, value: typeof operand.value === 'bigint' ? -operand.value : 0 - operand.value, range }
}

/** The double nearest to digits × 10^exponent: shifting the point in text keeps 1.1kb exactly 1100. */
function decimal(digits: string, exponent: number): number {
  return Number(`${digits}e${exponent}`)
}

function tooLarge(reading: Reading, node: NumberNode): undefined {
  return report(reading, node, 'malformed-number', 'this number is too large', 'write a number below 1e308')
}

function unknownUnit(reading: Reading, node: NumberNode, unit: string): undefined {
  const meant =
    UNIT_SPELLINGS.get(unit.toLowerCase()) ??
    UNITS.find((known) => known === unit.toLowerCase()) ??
    nearest(unit, UNITS)
  const amount = node.text.slice(0, node.text.length - unit.length)
  const other = `for text write ${quoted(node.text)}`
  const hint = meant === undefined ? `use one of ${UNITS.join(' ')}; ${other}` : `write ${amount}${meant}; ${other}`
  return report(reading, node, 'unknown-unit', `"${unit}" is not a unit`, hint)
}

/** Reports text that starts like a number but is not one. */
export function reportBadNumber(reading: Reading, node: LeafNode & { readonly text: string }): undefined {
  if (reportPerTime(reading, node)) return undefined
  const spaced = node.text.replace(/[-/]+/g, (operator) => ` ${operator} `)
  const operands = node.text.split(/[-/]/)
  const looksCalculated =
    operands.length === 2 && operands.every((part) => /^(\d+(\.\d+)?|\p{L}[\p{L}\p{N}_.]*)$/u.test(part))
  const hint = looksCalculated
    ? `write ${spaced} with spaces to calculate, or ${quoted(node.text)} for text`
    : /^\.\d+$/.test(node.text)
      ? `write 0${node.text}`
      : /^\d+(_\d+)+$/.test(node.text)
        ? `write ${node.text.replaceAll('_', '')}`
        : `write ${quoted(node.text)} for text`
  return report(reading, node, 'malformed-number', `"${node.text}" is not a number`, hint)
}

/** The literal a bare word is wherever it stands: true or false. */
export function booleanLiteral(reading: Reading, node: WordNode): Literal | undefined {
  if (node.text !== 'true' && node.text !== 'false') return undefined
  return { kind: 'boolean', value: node.text === 'true', range: reading.rangeOf(node) }
}
