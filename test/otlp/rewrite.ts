import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** One field as it lies on the wire. */
export interface RawField {
  readonly number: number
  readonly type: WireType
  readonly value: Uint8Array
}

/** What a message holds messages in, by field number. */
export interface Nesting {
  readonly [field: number]: Nesting
}

const LEAF: Nesting = {}
const SCOPE_SPANS: Nesting = { 1: LEAF, 2: LEAF }
const RESOURCE_SPANS: Nesting = { 1: LEAF, 2: SCOPE_SPANS }
export const TRACES_DATA: Nesting = { 1: RESOURCE_SPANS }

/** A field that holds a message. */
export function messageField(number: number, content: Uint8Array): RawField {
  return { number, type: WireType.LengthDelimited, value: new BinaryWriter().bytes(content).finish() }
}

/** Rewrites a message; `change` changes its fields and those of the messages nested in it. */
export function rewrite(
  bytes: Uint8Array,
  nesting: Nesting,
  change: (fields: readonly RawField[]) => readonly RawField[],
): Uint8Array {
  const writer = new BinaryWriter()
  for (const { number, type, value } of change(readFields(bytes))) {
    const inner = nesting[number]
    writer.tag(number, type)
    if (inner === undefined || type !== WireType.LengthDelimited) writer.raw(value)
    else writer.bytes(rewrite(new BinaryReader(value).bytes(), inner, change))
  }
  return writer.finish()
}

/** The fields of a message, nothing in them read. */
export function readFields(bytes: Uint8Array): readonly RawField[] {
  const reader = new BinaryReader(bytes)
  const fields: RawField[] = []
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    fields.push({ number, type, value: reader.skip(type, number) })
  }
  return fields
}

/** A field of each wire type that no version of OTLP has, one of them a group. */
export const UNKNOWN_FIELDS: readonly RawField[] = [
  { number: 1000, type: WireType.Varint, value: Uint8Array.of(0x96, 0x01) },
  { number: 1001, type: WireType.Bit64, value: new Uint8Array(8).fill(7) },
  { number: 1002, type: WireType.LengthDelimited, value: Uint8Array.of(3, 1, 2, 3) },
  { number: 1003, type: WireType.Bit32, value: new Uint8Array(4).fill(7) },
  group(1004, new BinaryWriter().tag(1, WireType.Varint).uint32(5).finish()),
]

function group(number: number, content: Uint8Array): RawField {
  const value = new BinaryWriter().raw(content).tag(number, WireType.EndGroup).finish()
  return { number, type: WireType.StartGroup, value }
}
