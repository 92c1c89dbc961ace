import { type BinaryWriter, base64Decode, WireType } from '@bufbuild/protobuf/wire'
import { InputError } from '../errors.ts'
import { invalidOtlpJson, nestedTooDeep } from './errors.ts'
import { ANY_VALUE, KEY_VALUE, LIST } from './fields.ts'
import type { Json } from './json-parse.ts'
import { MAX_NESTING } from './wire.ts'

type JsonObject = { readonly [key: string]: Json }
type WriteContent = (to: BinaryWriter, content: JsonObject, depth: number) => void

/** Writes a list of messages; a null list is an absent one, a null element an empty message. */
export function writeEach(
  to: BinaryWriter,
  field: number,
  name: string,
  list: Json | undefined,
  write: WriteContent,
  depth = 0,
): void {
  if (list === undefined || list === null) return
  if (!Array.isArray(list)) throw invalidOtlpJson(name, 'an array')
  for (let i = 0; i < list.length; i++) {
    try {
      writeMessage(to, field, 'it', list[i] ?? {}, write, depth)
    } catch (error) {
      throw inside(`${name}[${i}]`, error)
    }
  }
}

/** Writes one message unless it is absent or null. */
export function writeNested(
  to: BinaryWriter,
  field: number,
  name: string,
  value: Json | undefined,
  write: WriteContent,
): void {
  if (value !== undefined && value !== null) writeMessage(to, field, name, value, write, 0)
}

function writeMessage(
  to: BinaryWriter,
  field: number,
  name: string,
  value: Json,
  write: WriteContent,
  depth: number,
): void {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw invalidOtlpJson(name, 'an object')
  to.tag(field, WireType.LengthDelimited).fork()
  write(to, value as JsonObject, depth)
  to.join()
}

/** The same problem, told from one list further out: `resourceSpans[0]: scopeSpans[1]: name must be a string`. */
function inside(place: string, error: unknown): unknown {
  if (!(error instanceof InputError)) return error
  const hint = error.hint === undefined ? {} : { hint: error.hint }
  return new InputError({ code: error.code, message: `${place}: ${error.message}`, ...hint })
}

export function writeString(to: BinaryWriter, field: number, name: string, value: Json | undefined): void {
  if (value === undefined || value === null || value === '') return
  if (typeof value !== 'string') throw invalidOtlpJson(name, 'a string')
  to.tag(field, WireType.LengthDelimited).string(value)
}

const HEX = /^(?:[0-9a-fA-F]{2})*$/
/** No id of OTLP is one byte long, so the splitter rejects the span that has it. */
const NOT_AN_ID = Uint8Array.of(0xff)

/** Writes a trace or span id, hex of either case; what is no hex (base64, say) is written as an id of the wrong length. */
export function writeId(to: BinaryWriter, field: number, name: string, value: Json | undefined): void {
  if (value === undefined || value === null || value === '') return
  if (typeof value !== 'string') throw invalidOtlpJson(name, 'a string of hex digits')
  to.tag(field, WireType.LengthDelimited).bytes(HEX.test(value) ? Buffer.from(value, 'hex') : NOT_AN_ID)
}

export function writeFixed64(to: BinaryWriter, field: number, name: string, value: Json | undefined): void {
  const integer = readInteger(name, value, 0n, 0xffff_ffff_ffff_ffffn)
  if (integer !== undefined && integer !== 0) to.tag(field, WireType.Bit64).fixed64(integer)
}

export function writeFixed32(to: BinaryWriter, field: number, name: string, value: Json | undefined): void {
  const integer = readInteger(name, value, 0n, 0xffff_ffffn)
  if (integer !== undefined && integer !== 0) to.tag(field, WireType.Bit32).fixed32(Number(integer))
}

export function writeUint32(to: BinaryWriter, field: number, name: string, value: Json | undefined): void {
  const integer = readInteger(name, value, 0n, 0xffff_ffffn)
  if (integer !== undefined && integer !== 0) to.tag(field, WireType.Varint).uint32(Number(integer))
}

/** Writes an enum; a number that has no name yet is kept. */
export function writeInt32(to: BinaryWriter, field: number, name: string, value: Json | undefined): void {
  if (typeof value === 'string' && !INTEGER.test(value)) {
    throw invalidOtlpJson(
      name,
      'an integer',
      'OTLP/JSON wants the number of an enum, not its name: 2, not "SPAN_KIND_SERVER"',
    )
  }
  const integer = readInteger(name, value, -0x8000_0000n, 0x7fff_ffffn)
  if (integer !== undefined && integer !== 0) to.tag(field, WireType.Varint).int32(Number(integer))
}

const INTEGER = /^-?\d{1,20}$/

/** An integer as JSON number or decimal string, exact; undefined where absent or null. */
function readInteger(name: string, value: Json | undefined, least: bigint, most: bigint): number | bigint | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value
  const isText = typeof value === 'string' && INTEGER.test(value)
  if (isText || typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) {
    const integer = BigInt(value)
    if (integer >= least && integer <= most) return integer
  }
  throw invalidOtlpJson(name, `an integer from ${least} to ${most}, as a number or a decimal string`)
}

/** Writes a list of KeyValue. */
export function writeAttributes(to: BinaryWriter, field: number, attributes: Json | undefined): void {
  writeEach(to, field, 'attributes', attributes, writeKeyValue)
}

function writeKeyValue(to: BinaryWriter, attribute: JsonObject, depth: number): void {
  writeString(to, KEY_VALUE.key, 'key', attribute.key)
  const value = attribute.value
  if (value !== undefined && value !== null) writeMessage(to, KEY_VALUE.value, 'value', value, writeAnyValue, depth)
}

const INT64_LEAST = -(2n ** 63n)
const INT64_MOST = 2n ** 63n - 1n

/** Writes the one field that is set; empty strings, zero and false are values here, and no field at all is one too. */
function writeAnyValue(to: BinaryWriter, any: JsonObject, outerDepth: number): void {
  const depth = outerDepth + 1
  if (depth > MAX_NESTING) throw nestedTooDeep(MAX_NESTING)
  for (const [name, value] of Object.entries(any)) if (value !== null) writeAnyField(to, name, value, depth)
}

function writeAnyField(to: BinaryWriter, name: string, value: Json, depth: number): void {
  switch (name) {
    case 'stringValue':
      if (typeof value !== 'string') throw invalidOtlpJson(name, 'a string')
      to.tag(ANY_VALUE.stringValue, WireType.LengthDelimited).string(value)
      return
    case 'boolValue':
      if (typeof value !== 'boolean') throw invalidOtlpJson(name, 'true or false')
      to.tag(ANY_VALUE.boolValue, WireType.Varint).bool(value)
      return
    case 'intValue':
      to.tag(ANY_VALUE.intValue, WireType.Varint).int64(readInteger(name, value, INT64_LEAST, INT64_MOST) ?? 0)
      return
    case 'doubleValue':
      to.tag(ANY_VALUE.doubleValue, WireType.Bit64).double(readDouble(name, value))
      return
    case 'bytesValue':
      to.tag(ANY_VALUE.bytesValue, WireType.LengthDelimited).bytes(readBase64(name, value))
      return
    case 'arrayValue':
      writeMessage(to, ANY_VALUE.arrayValue, name, value, writeArray, depth)
      return
    case 'kvlistValue':
      writeMessage(to, ANY_VALUE.kvlistValue, name, value, writeKvlist, depth)
      return
  }
}

function writeArray(to: BinaryWriter, array: JsonObject, depth: number): void {
  writeEach(to, LIST.values, 'values', array.values, writeAnyValue, depth)
}

function writeKvlist(to: BinaryWriter, list: JsonObject, depth: number): void {
  writeEach(to, LIST.values, 'values', list.values, writeKeyValue, depth)
}

const DECIMAL = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

function readDouble(name: string, value: Json): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
  if (value === 'NaN') return Number.NaN
  if (value === 'Infinity' || value === '-Infinity') return value === 'Infinity' ? Infinity : -Infinity
  if (typeof value === 'string' && DECIMAL.test(value)) return Number(value)
  throw invalidOtlpJson(name, 'a number, "NaN", "Infinity" or "-Infinity"')
}

function readBase64(name: string, value: Json): Uint8Array {
  if (typeof value !== 'string') throw invalidOtlpJson(name, 'a base64 string')
  try {
    return base64Decode(value)
  } catch {
    throw invalidOtlpJson(name, 'a base64 string')
  }
}
