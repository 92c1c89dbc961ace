import { visible } from '../../text/visible.ts'
import type { Operand } from '../ast.ts'
import { isArray, isMissing, isNumeric, type Value } from '../judge/values.ts'
import type { EvidenceValue } from '../judge/verdict.ts'

/** Strings longer than this are cut in evidence, arrays longer than `MAX_ELEMENTS`. */
const MAX_CHARACTERS = 120
const MAX_ELEMENTS = 8
const MAX_BYTES = 16

/** A value as evidence carries it; -0, which JSON has not, is 0. */
export function evidenceValue(value: Value): EvidenceValue {
  if (isMissing(value)) return null
  if (typeof value === 'string') return cut(value)
  if (typeof value === 'boolean') return value
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : String(value)
  if (isArray(value)) return evidenceArray(value)
  return value instanceof Uint8Array ? describeBytes(value) : describeMap(value as ReadonlyMap<string, Value>)
}

function evidenceArray(values: readonly Value[]): readonly EvidenceValue[] {
  const shown = values.slice(0, MAX_ELEMENTS).map((value) => (isArray(value) ? describe(value) : evidenceValue(value)))
  return values.length > MAX_ELEMENTS ? [...shown, `… ${values.length} in all`] : shown
}

/** A value in a sentence: strings in quotes, so that `"5"` is not `5`. */
export function describe(value: Value): string {
  if (isMissing(value)) return 'missing'
  if (typeof value === 'string') return `"${visible(cut(value))}"`
  if (isArray(value)) return `[${describeElements(value)}]`
  return String(evidenceValue(value))
}

/** The same with its type, where that is what went wrong: `the string "5"`. */
export function describeTyped(value: Value): string {
  if (isMissing(value) || value instanceof Uint8Array) return describe(value)
  if (isArray(value)) return `the list ${describe(value)}`
  return value instanceof Map ? `the key-value list ${describe(value)}` : `the ${typeName(value)} ${describe(value)}`
}

export function typeName(value: Value): string {
  return isNumeric(value) ? 'number' : typeof value
}

function describeElements(values: readonly Value[]): string {
  const shown = values.slice(0, MAX_ELEMENTS).map((value) => (isArray(value) ? '[…]' : describe(value)))
  return [...shown, ...(values.length > MAX_ELEMENTS ? [`… ${values.length} in all`] : [])].join(', ')
}

function describeBytes(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, MAX_BYTES), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${bytes.length} bytes${bytes.length > 0 ? ':' : ''} ${shown}${bytes.length > MAX_BYTES ? '…' : ''}`.trimEnd()
}

function describeMap(map: ReadonlyMap<string, Value>): string {
  const entries = [...map].slice(0, MAX_ELEMENTS).map(([key, value]) => `"${visible(cut(key))}": ${nested(value)}`)
  return cut(`{${[...entries, ...(map.size > MAX_ELEMENTS ? [`… ${map.size} in all`] : [])].join(', ')}}`)
}

function nested(value: Value): string {
  return value instanceof Map ? '{…}' : isArray(value) ? '[…]' : describe(value)
}

/** The start of a long text and how long it is; never half a surrogate pair. */
export function cut(text: string, characters = MAX_CHARACTERS): string {
  return text.length <= characters ? text : `${text.slice(0, characters).toWellFormed()}… (${text.length} characters)`
}

/** True where the operand is a length of time, whose values are nanoseconds. */
export function isDuration(operand: Operand): boolean {
  switch (operand.kind) {
    case 'duration':
      return true
    case 'intrinsic':
      return operand.name.endsWith('.duration')
    case 'boundValue':
      return isDuration(operand.value)
    case 'arithmetic':
      return operand.operator === '/'
        ? isDuration(operand.left) && !isDuration(operand.right)
        : isDuration(operand.left) || isDuration(operand.right)
    case 'negation':
      return isDuration(operand.operand)
    case 'aggregate':
      return operand.function !== 'distinct' && isDuration(operand.of)
    default:
      return false
  }
}

const units = [
  ['h', 3_600_000_000_000n],
  ['m', 60_000_000_000n],
  ['s', 1_000_000_000n],
  ['ms', 1_000_000n],
  ['us', 1_000n],
] as const

/** A duration, exact, in the largest unit that is not longer than it, as rules write it: `1.25s`, `7.200001ms`, `2h`. */
export function describeDuration(nanos: number | bigint): string {
  if (typeof nanos === 'number' && !Number.isFinite(nanos)) return String(nanos)
  if (typeof nanos === 'number' && !Number.isInteger(nanos)) return describeFraction(nanos)
  if (nanos === 0) return '0s'
  const whole = BigInt(nanos)
  const size = whole < 0n ? -whole : whole
  const [unit, length] = units.find(([, each]) => size >= each) ?? ['us', 1_000n]
  const exact = unit === 'h' || unit === 'm' ? roundUnit(size) : ([unit, length] as const)
  const fraction = fractionDigits(size % exact[1], exact[1])
  return `${whole < 0n ? '-' : ''}${size / exact[1]}${fraction}${exact[0]}`
}

/** Part of a nanosecond: shifting the exponent in text keeps it exact. */
function describeFraction(nanos: number): string {
  const [digits, exponent = '0'] = String(nanos).split('e')
  return `${digits}e${Number(exponent) - 3}us`
}

/** Hours and minutes only where they come out whole: `2h`, `90s`. */
function roundUnit(size: bigint): readonly [string, bigint] {
  return units.find(([unit, length]) => unit === 's' || size % length === 0n) ?? ['s', 1_000_000_000n]
}

function fractionDigits(rest: bigint, length: bigint): string {
  const digits = rest
    .toString()
    .padStart(length.toString().length - 1, '0')
    .replace(/0+$/, '')
  return digits === '' ? '' : `.${digits}`
}
