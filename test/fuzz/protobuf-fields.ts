import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire'
import { messageField, type Nesting, type RawField, readFields, UNKNOWN_FIELDS } from '../otlp/rewrite.ts'
import type { Random } from '../pipeline/model/random.ts'

/** Every message of a request that holds messages, values of values a few levels deep. */
const LEAF: Nesting = {}
const anyValue = (depth: number): Nesting => {
  if (depth === 0) return LEAF
  const inner = anyValue(depth - 1)
  return { 5: { 1: inner }, 6: { 1: { 2: inner } } }
}
const KEY_VALUE: Nesting = { 2: anyValue(3) }
const SPAN: Nesting = { 9: KEY_VALUE, 11: { 3: KEY_VALUE }, 13: { 4: KEY_VALUE }, 15: LEAF }
const REQUEST: Nesting = { 1: { 1: { 1: KEY_VALUE }, 2: { 1: { 3: KEY_VALUE }, 2: SPAN } } }

/** The request with fields of a few of its messages left out, repeated, moved, or made what they should not be. */
export function changedFields(random: Random, body: Uint8Array): Uint8Array {
  const rate = random.pick([0.005, 0.01, 0.03, 0.2])
  return changed(body, REQUEST, (fields) => (random.chance(rate) ? change(random, fields) : fields))
}

/** From the innermost messages out, so that what was made of one is not read again. */
function changed(
  body: Uint8Array,
  nesting: Nesting,
  changeOne: (fields: readonly RawField[]) => readonly RawField[],
): Uint8Array {
  const fields = readFields(body).map((field) => {
    const inner = field.type === 2 ? nesting[field.number] : undefined
    return inner === undefined
      ? field
      : messageField(field.number, changed(new BinaryReader(field.value).bytes(), inner, changeOne))
  })
  const writer = new BinaryWriter()
  for (const { number, type, value } of changeOne(fields)) {
    writer.raw(new BinaryWriter().uint32(((number << 3) | type) >>> 0).finish()).raw(value)
  }
  return writer.finish()
}

function change(random: Random, fields: readonly RawField[]): readonly RawField[] {
  const at = random.between(0, Math.max(0, fields.length - 1))
  const field = fields[at]
  const to = random.between(0, fields.length)
  if (field === undefined) return [random.pick(UNKNOWN_FIELDS)]
  switch (random.between(0, 11)) {
    case 0:
      return fields.toSpliced(at, 1)
    case 1:
      return fields.toSpliced(to, 0, field)
    case 2:
      return fields.toSpliced(at, 1).toSpliced(Math.min(to, fields.length - 1), 0, field)
    case 3:
      return fields.toSpliced(to, 0, random.pick(UNKNOWN_FIELDS))
    case 4:
      return fields.toSpliced(at, 1, { ...field, number: random.pick([0, 1, 2, 5, 9, 16, 536_870_911]) })
    case 5:
      return fields.toSpliced(at, 1, { ...field, type: random.pick([0, 1, 2, 3, 4, 5, 6, 7]) as RawField['type'] })
    case 6:
      return fields.toSpliced(at, 1, { ...field, value: oddValue(random) })
    case 7:
      return fields.toSpliced(at, 1, {
        ...field,
        value: field.value.subarray(0, random.between(0, field.value.length)),
      })
    case 8:
      return fields.toSpliced(to, 0, group(random, field.number))
    case 9:
      return fields.toSpliced(at, 1, { ...field, type: 2, value: sized(invalidText(random)) })
    case 10:
      return fields.toSpliced(to, 0, nestedValue(random))
    default:
      return fields.toSpliced(at, 1, {
        ...field,
        type: 2,
        value: sized(Buffer.alloc(random.pick([0, 1, 7, 8, 9, 15, 16, 17]), random.between(0, 1))),
      })
  }
}

const HUGE = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x10],
  new Array(9).fill(0xff).concat(1),
  new Array(10).fill(0x80),
  [0x80, 0x80, 0x80, 0x80, 0x08],
]

function oddValue(random: Random): Uint8Array {
  return Uint8Array.from(random.pick(HUGE))
}

function sized(content: Uint8Array): Uint8Array {
  return new BinaryWriter().bytes(content).finish()
}

function invalidText(random: Random): Uint8Array {
  return Uint8Array.from(
    random.pick([
      [0xff],
      [0xc3],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0x61, 0x00, 0x1b, 0x5b],
      [0xef, 0xbf, 0xbd],
    ]),
  )
}

/** Groups in groups, which protobuf knows and OTLP does not use. */
function group(random: Random, number: number): RawField {
  const depth = random.pick([1, 3, 63, 64, 65, 500])
  const writer = new BinaryWriter()
  for (let level = 1; level < depth; level++) writer.tag(7, 3)
  for (let level = 1; level < depth; level++) writer.tag(7, 4)
  if (random.chance(0.9)) writer.tag(Math.max(1, number), 4)
  return { number, type: 3, value: writer.finish() }
}

/** An attribute with arrays in arrays, or lists in lists. */
function nestedValue(random: Random): RawField {
  const depth = random.pick([1, 20, 31, 32, 63, 64, 65, 66, 1_000, 20_000])
  let content: Uint8Array = new BinaryWriter().tag(1, 2).string('x').finish()
  if (depth > 100) return messageField(9, Buffer.concat([Buffer.from([0x12]), deep(depth)]))
  const isList = random.chance(0.5)
  for (let level = 0; level < depth; level++) content = isList ? inList(content) : inArray(content)
  return messageField(9, new BinaryWriter().tag(1, 2).string('a').tag(2, 2).bytes(content).finish())
}

function inArray(content: Uint8Array): Uint8Array {
  const array = new BinaryWriter().tag(1, 2).bytes(content).finish()
  return new BinaryWriter().tag(5, 2).bytes(array).finish()
}

function inList(content: Uint8Array): Uint8Array {
  const keyValue = new BinaryWriter().tag(1, 2).string('k').tag(2, 2).bytes(content).finish()
  return new BinaryWriter().tag(6, 2).bytes(new BinaryWriter().tag(1, 2).bytes(keyValue).finish()).finish()
}

/** Built from its end, so that the time is linear. */
function deep(depth: number): Buffer {
  const parts: Buffer[] = []
  let length = 0
  for (let level = 0; level < depth; level++) {
    const tag = level % 2 === 0 ? 0x0a : 0x2a
    const header = Buffer.from(new BinaryWriter().raw(Uint8Array.of(tag)).uint32(length).finish())
    parts.push(header)
    length += header.length
  }
  return Buffer.concat([new BinaryWriter().uint32(length).finish(), ...parts.reverse()])
}
