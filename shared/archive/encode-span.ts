import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { EVENT, LINK, RESOURCE, RESOURCE_SPANS, SCOPE, SCOPE_SPANS, SPAN, STATUS, TRACES_DATA } from '../otlp/fields.ts'
import { encodeAttributes } from './encode-any.ts'
import { eachItem, eachMember, type JsonCursor, readJsonText, readWord } from './json-cursor.ts'
import { bytesTag, fixed32Tag, fixed64Tag, varintTag } from './message.ts'
import type { SpanRow } from './span-row.ts'

/** The span as OTLP, a TracesData of one span: equal to the one that was sent, field by field. */
export function encodeSpan(traceId: Uint8Array, row: SpanRow): Uint8Array {
  if (row.otlp !== null) return row.otlp
  const writer = new BinaryWriter()
  writer.uint32(bytesTag(TRACES_DATA.resourceSpans)).fork()
  writeContext(writer, row.resource, RESOURCE_SPANS.resource, RESOURCE_SPANS.schemaUrl, writeResourceField)
  writer.uint32(bytesTag(RESOURCE_SPANS.scopeSpans)).fork()
  writeContext(writer, row.scope, SCOPE_SPANS.scope, SCOPE_SPANS.schemaUrl, writeScopeField)
  writer.uint32(bytesTag(SCOPE_SPANS.spans)).fork()
  writeSpan(writer, traceId, row)
  return writer.join().join().join().finish()
}

function writeSpan(writer: BinaryWriter, traceId: Uint8Array, row: SpanRow): void {
  writer.uint32(bytesTag(SPAN.traceId)).bytes(traceId)
  writer.uint32(bytesTag(SPAN.spanId)).bytes(row.spanId)
  writeText(writer, SPAN.traceState, row.traceState ?? '')
  if (row.parentSpanId !== null) writer.uint32(bytesTag(SPAN.parentSpanId)).bytes(row.parentSpanId)
  writeText(writer, SPAN.name, row.name)
  if (row.kind !== 0) writer.uint32(varintTag(SPAN.kind)).int32(row.kind)
  writer.uint32(fixed64Tag(SPAN.startTimeUnixNano)).fixed64(row.startUnixNano)
  writer.uint32(fixed64Tag(SPAN.endTimeUnixNano)).fixed64(row.endUnixNano)
  encodeAttributes(writer, SPAN.attributes, cursorOf(row.attributes))
  writeCount(writer, SPAN.droppedAttributesCount, row.droppedAttributesCount)
  writeItems(writer, SPAN.events, row.events, writeEventField)
  writeCount(writer, SPAN.droppedEventsCount, row.droppedEventsCount)
  writeItems(writer, SPAN.links, row.links, writeLinkField)
  writeCount(writer, SPAN.droppedLinksCount, row.droppedLinksCount)
  if (row.statusMessage !== null || row.statusCode !== 0) {
    writer.uint32(bytesTag(SPAN.status)).fork()
    writeText(writer, STATUS.message, row.statusMessage ?? '')
    if (row.statusCode !== 0) writer.uint32(varintTag(STATUS.code)).int32(row.statusCode)
    writer.join()
  }
  if (row.flags !== 0) writer.uint32(fixed32Tag(SPAN.flags)).fixed32(row.flags)
}

/** Writes the member of a JSON object that the cursor stands at as a field of a message. */
type WriteField = (writer: BinaryWriter, key: string, cursor: JsonCursor) => void

/** Writes a resource or scope, and the schema URL beside it. */
function writeContext(
  writer: BinaryWriter,
  json: string | null,
  message: number,
  schemaUrl: number,
  write: WriteField,
): void {
  if (json === null) return
  const cursor = cursorOf(json)
  const content = new BinaryWriter()
  let present = false
  let url = ''
  eachMember(cursor, (key) => {
    if (key === 'schema_url') url = readJsonText(cursor)
    else {
      present = true
      write(content, key, cursor)
    }
  })
  if (present) writer.uint32(bytesTag(message)).bytes(content.finish())
  writeText(writer, schemaUrl, url)
}

function writeItems(writer: BinaryWriter, field: number, json: string | null, write: WriteField): void {
  if (json === null) return
  const cursor = cursorOf(json)
  eachItem(cursor, () => {
    writer.uint32(bytesTag(field)).fork()
    eachMember(cursor, (key) => write(writer, key, cursor))
    writer.join()
  })
}

function writeResourceField(writer: BinaryWriter, key: string, cursor: JsonCursor): void {
  if (key === 'attributes') encodeAttributes(writer, RESOURCE.attributes, cursor)
  else writeCount(writer, RESOURCE.droppedAttributesCount, Number(readWord(cursor)))
}

function writeScopeField(writer: BinaryWriter, key: string, cursor: JsonCursor): void {
  if (key === 'name') writeText(writer, SCOPE.name, readJsonText(cursor))
  else if (key === 'version') writeText(writer, SCOPE.version, readJsonText(cursor))
  else if (key === 'attributes') encodeAttributes(writer, SCOPE.attributes, cursor)
  else writeCount(writer, SCOPE.droppedAttributesCount, Number(readWord(cursor)))
}

function writeEventField(writer: BinaryWriter, key: string, cursor: JsonCursor): void {
  if (key === 'name') writeText(writer, EVENT.name, readJsonText(cursor))
  else if (key === 'time_unix_nano') writer.uint32(fixed64Tag(EVENT.timeUnixNano)).fixed64(BigInt(readWord(cursor)))
  else if (key === 'attributes') encodeAttributes(writer, EVENT.attributes, cursor)
  else writeCount(writer, EVENT.droppedAttributesCount, Number(readWord(cursor)))
}

function writeLinkField(writer: BinaryWriter, key: string, cursor: JsonCursor): void {
  if (key === 'trace_id') writer.uint32(bytesTag(LINK.traceId)).bytes(Buffer.from(readJsonText(cursor), 'hex'))
  else if (key === 'span_id') writer.uint32(bytesTag(LINK.spanId)).bytes(Buffer.from(readJsonText(cursor), 'hex'))
  else if (key === 'trace_state') writeText(writer, LINK.traceState, readJsonText(cursor))
  else if (key === 'flags') writer.uint32(fixed32Tag(LINK.flags)).fixed32(Number(readWord(cursor)))
  else if (key === 'attributes') encodeAttributes(writer, LINK.attributes, cursor)
  else writeCount(writer, LINK.droppedAttributesCount, Number(readWord(cursor)))
}

function writeText(writer: BinaryWriter, field: number, text: string): void {
  if (text !== '') writer.uint32(bytesTag(field)).string(text)
}

function writeCount(writer: BinaryWriter, field: number, count: number): void {
  if (count !== 0) writer.uint32(varintTag(field)).uint32(count)
}

function cursorOf(json: string): JsonCursor {
  return { bytes: Buffer.from(json), pos: 0 }
}
