import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { ANY_VALUE, KEY_VALUE, LIST } from '../otlp/fields.ts'
import { isInteger } from './json-attributes.ts'
import {
  eachItem,
  eachMember,
  type JsonCursor,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  readJsonText,
  readWord,
  skipJsonValue,
} from './json-cursor.ts'
import { bytesTag, fixed64Tag, varintTag } from './message.ts'

/** Writes the JSON object at the cursor as KeyValues under the field. */
export function encodeAttributes(writer: BinaryWriter, field: number, cursor: JsonCursor): void {
  eachMember(cursor, (key) => {
    writer.uint32(bytesTag(field)).fork()
    writer.uint32(bytesTag(KEY_VALUE.key)).string(key)
    const value = new BinaryWriter()
    if (writeAnyValue(value, cursor)) writer.uint32(bytesTag(KEY_VALUE.value)).bytes(value.finish())
    writer.join()
  })
}

/** Writes the content of the AnyValue at the cursor; false where there was none at all. */
function writeAnyValue(writer: BinaryWriter, cursor: JsonCursor): boolean {
  switch (cursor.bytes[cursor.pos]) {
    case QUOTE:
      writer.uint32(bytesTag(ANY_VALUE.stringValue)).string(readJsonText(cursor))
      return true
    case OPEN_BRACKET:
      writeArray(writer, cursor)
      return true
    case OPEN_BRACE:
      return writeObject(writer, cursor)
    default:
      writeScalar(writer, readWord(cursor))
      return true
  }
}

function writeScalar(writer: BinaryWriter, word: string): void {
  if (word === 'null') return
  if (word === 'true' || word === 'false') writer.uint32(varintTag(ANY_VALUE.boolValue)).bool(word === 'true')
  else if (isInteger(word)) writer.uint32(varintTag(ANY_VALUE.intValue)).int64(word)
  else writer.uint32(fixed64Tag(ANY_VALUE.doubleValue)).double(Number(word))
}

function writeArray(writer: BinaryWriter, cursor: JsonCursor): void {
  writer.uint32(bytesTag(ANY_VALUE.arrayValue)).fork()
  eachItem(cursor, () => {
    writer.uint32(bytesTag(LIST.values)).fork()
    writeAnyValue(writer, cursor)
    writer.join()
  })
  writer.join()
}

function writeObject(writer: BinaryWriter, cursor: JsonCursor): boolean {
  const start = cursor.pos
  let form = ''
  eachMember(cursor, (key) => {
    form ||= key.startsWith('$') ? key : ''
    if (form === '$bytes')
      writer.uint32(bytesTag(ANY_VALUE.bytesValue)).bytes(Buffer.from(readJsonText(cursor), 'base64'))
    else if (form === '$double') writer.uint32(fixed64Tag(ANY_VALUE.doubleValue)).double(Number(readJsonText(cursor)))
    else if (form === '$kvlist') writeKvlist(writer, cursor)
    else skipJsonValue(cursor)
  })
  if (form === '') writeKvlist(writer, { bytes: cursor.bytes, pos: start })
  return form !== '$absent'
}

function writeKvlist(writer: BinaryWriter, cursor: JsonCursor): void {
  writer.uint32(bytesTag(ANY_VALUE.kvlistValue)).fork()
  encodeAttributes(writer, LIST.values, cursor)
  writer.join()
}
