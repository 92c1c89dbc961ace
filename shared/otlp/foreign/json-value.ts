import { InputError } from '../../errors.ts'

/** A JSON object with unknown members. */
export type JsonObject = Readonly<Record<string, unknown>>

/** An attribute or value in OTLP/JSON. */
export interface OtlpValue {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: string
  readonly doubleValue?: number
  readonly bytesValue?: string
  readonly arrayValue?: { readonly values: readonly OtlpValue[] }
}

export interface OtlpAttribute {
  readonly key: string
  readonly value: OtlpValue
}

/** Integers beyond this lose digits as numbers of JavaScript, and are kept as their text. */
const LONG_INTEGER = /\d{16}/

/** Parses JSON; integers of 16 digits and more become bigints. Throws a SyntaxError. */
export function parseJson(text: string): unknown {
  return LONG_INTEGER.test(text) ? JSON.parse(text, keepingIntegers) : JSON.parse(text)
}

function keepingIntegers(_: string, value: unknown, { source = '' }: { readonly source?: string } = {}): unknown {
  return typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects of a list; throws an InputError where the value is not a list of objects. */
export function objectsOf(value: unknown, what: string): readonly JsonObject[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value) && value.every(isObject)) return value
  throw wrong(`${what} is not a list of objects`)
}

export function scalarText(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'bigint' ? `${value}` : ''
}

/** An id in hex, filled up from the left to the given number of digits; throws an InputError where it is not one. */
export function hexId(value: unknown, digits: 16 | 32, what: string): string {
  const text = scalarText(value).toLowerCase()
  if (/^[0-9a-f]+$/.test(text) && text.length <= digits) return text.padStart(digits, '0')
  throw wrong(`${what} "${text.slice(0, 40)}" is not an id of up to ${digits} hex digits`)
}

/** Microseconds as OTLP's nanoseconds; throws an InputError where the value is not a whole number. */
export function nanosOf(micros: unknown, what: string): bigint {
  if (micros === undefined || micros === null) return 0n
  if (/^\d{1,16}$/.test(scalarText(micros))) return BigInt(scalarText(micros)) * 1_000n
  throw wrong(`${what} is not a whole number of microseconds`)
}

/** A value of JSON as an OTLP value; objects become their text. */
export function otlpValue(value: unknown): OtlpValue {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'bigint') return { intValue: `${value}` }
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { intValue: `${value}` } : { doubleValue: value }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(otlpValue) } }
  return { stringValue: JSON.stringify(value) ?? '' }
}

export function wrong(message: string): InputError {
  return new InputError({
    code: 'malformed-trace',
    message,
    hint: 'give traces as the tool that stores them exports them',
  })
}
