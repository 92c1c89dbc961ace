import { InputError } from '../errors.ts'
import { writeHeader } from './backwards.ts'
import { invalidOtlpJson, nestedTooDeep } from './errors.ts'
import {
  ANY_VALUE,
  EVENT,
  KEY_VALUE,
  LINK,
  LIST,
  RESOURCE,
  RESOURCE_SPANS,
  SCOPE,
  SCOPE_SPANS,
  SPAN,
  STATUS,
  TRACES_DATA,
} from './fields.ts'
import {
  type Conversion,
  tagOf,
  type WriteField,
  writeAnyText,
  writeBase64,
  writeBool,
  writeDouble,
  writeEnum,
  writeFixed32,
  writeFixed64,
  writeId,
  writeInt64,
  writeJsonText,
  writeUint32,
} from './json-fields.ts'
import { fieldNumbered } from './json-names.ts'
import { readJson } from './json-read.ts'
import { ARRAY, fieldOf, kindOnTape, lastChildOf, memberOf, NULL, OBJECT, previousOf, ROOT } from './json-tape.ts'
import { NO_LIMITS, type RequestLimits } from './limits.ts'
import { BYTES, MAX_NESTING } from './wire.ts'

/** An OTLP/JSON request as protobuf, and whether a field was skipped because OTLP/JSON has no field of that name. */
export interface ConvertedJson {
  readonly bytes: Uint8Array
  readonly unknownFields: boolean
}

/** A field of a message in OTLP/JSON: what its key is, and how its value is written. */
interface JsonField {
  readonly key: number
  readonly number: number
  readonly name: string
  readonly write: WriteField
}

interface JsonMessage {
  readonly fields: readonly JsonField[]
  /** Whether the answer mentions keys that OTLP does not have. */
  readonly watched: boolean
}

function message<Name extends string>(
  numbers: Readonly<Record<Name, number>>,
  writers: Readonly<Record<Name, WriteField>>,
  watched = false,
): JsonMessage {
  const names = Object.keys(numbers) as Name[]
  const fields = names.map((name) => {
    return { key: fieldNumbered(name), number: numbers[name], name, write: writers[name] }
  })
  return { fields, watched }
}

const writeAnyValue: WriteField = (to, field, name, value, outerDepth) => {
  const depth = outerDepth + 1
  if (depth > MAX_NESTING) throw nestedTooDeep(MAX_NESTING)
  requireObject(to, name, value)
  const end = to.pos
  const last = lastChildOf(to.tape, value)
  if (last !== 0 && previousOf(to.tape, last) === 0) writeKind(to, last, depth)
  else writeKinds(to, value, depth)
  to.pos = writeHeader(to.out, to.pos, tagOf(field, BYTES), end)
}

const KEY_VALUE_MESSAGE = message(KEY_VALUE, { key: writeJsonText, value: writeAnyValue })
const ARRAY_MESSAGE = message(LIST, { values: listOf(writeAnyValue) })
const KVLIST_MESSAGE = message(LIST, { values: listOf(nested(KEY_VALUE_MESSAGE)) })
const writeAttributes = listOf(nested(KEY_VALUE_MESSAGE))

/** By the key of their field; of the kinds of a value the one that is set is written, also where it is empty or zero. */
const KINDS = new Map(
  message(ANY_VALUE, {
    stringValue: writeAnyText,
    boolValue: writeBool,
    intValue: writeInt64,
    doubleValue: writeDouble,
    bytesValue: writeBase64,
    arrayValue: nested(ARRAY_MESSAGE),
    kvlistValue: nested(KVLIST_MESSAGE),
  }).fields.map((field) => [field.key, field]),
)

const ATTRIBUTED = { attributes: writeAttributes, droppedAttributesCount: writeUint32 }
const RESOURCE_MESSAGE = message(RESOURCE, ATTRIBUTED)
const SCOPE_MESSAGE = message(SCOPE, { name: writeJsonText, version: writeJsonText, ...ATTRIBUTED })
const EVENT_MESSAGE = message(EVENT, { timeUnixNano: writeFixed64, name: writeJsonText, ...ATTRIBUTED })
const LINK_MESSAGE = message(LINK, {
  traceId: writeId,
  spanId: writeId,
  traceState: writeJsonText,
  ...ATTRIBUTED,
  flags: writeFixed32,
})
const STATUS_MESSAGE = message(STATUS, { message: writeJsonText, code: writeEnum })
const SPAN_MESSAGE = message(SPAN, {
  traceId: writeId,
  spanId: writeId,
  traceState: writeJsonText,
  parentSpanId: writeId,
  name: writeJsonText,
  kind: writeEnum,
  startTimeUnixNano: writeFixed64,
  endTimeUnixNano: writeFixed64,
  ...ATTRIBUTED,
  events: listOf(nested(EVENT_MESSAGE)),
  droppedEventsCount: writeUint32,
  links: listOf(nested(LINK_MESSAGE)),
  droppedLinksCount: writeUint32,
  status: nested(STATUS_MESSAGE),
  flags: writeFixed32,
})
const SCOPE_SPANS_MESSAGE = message(SCOPE_SPANS, {
  scope: nested(SCOPE_MESSAGE),
  spans: listOf(nested(SPAN_MESSAGE)),
  schemaUrl: writeJsonText,
})
const RESOURCE_SPANS_MESSAGE = message(
  RESOURCE_SPANS,
  { resource: nested(RESOURCE_MESSAGE), scopeSpans: listOf(nested(SCOPE_SPANS_MESSAGE)), schemaUrl: writeJsonText },
  true,
)
const REQUEST = message(TRACES_DATA, { resourceSpans: listOf(nested(RESOURCE_SPANS_MESSAGE)) }, true)

/**
 * Converts an ExportTraceServiceRequest from UTF-8 OTLP/JSON to the protobuf bytes of the same request. An id that is
 * no hex becomes one byte, which the splitter rejects with its span. Throws InputError (`malformed-json`,
 * `invalid-otlp-json`, `nested-too-deep`, `too-many-values`).
 */
export function convertJson(body: Uint8Array, limits: RequestLimits = NO_LIMITS): ConvertedJson {
  const tape = readJson(body, limits)
  if (kindOnTape(tape, ROOT) !== OBJECT) throw invalidOtlpJson('the body', 'a JSON object')
  const out = Buffer.allocUnsafeSlow(mostBytes(body.length))
  const integer = { isNegative: false, high: 0, low: 0 }
  const to: Conversion = { tape, out, pos: out.length, unknownFields: false, integer }
  writeFields(to, REQUEST, ROOT, 0)
  return { bytes: new Uint8Array(out.buffer, to.pos), unknownFields: to.unknownFields }
}

/** No value takes more bytes in protobuf than in JSON, but `{"kind":-1},`, which has 12 and takes 13. */
function mostBytes(jsonBytes: number): number {
  return jsonBytes + (jsonBytes >>> 3) + 16
}

/** Writes the fields of an object, each that is there and not null, from the last to the first. */
function writeFields(to: Conversion, { fields, watched }: JsonMessage, object: number, depth: number): void {
  const { tape } = to
  if (watched) to.unknownFields ||= hasUnknown(to, fields, object)
  for (let i = fields.length - 1; i >= 0; i--) {
    const { key, number, name, write } = fields[i] as JsonField
    const value = memberOf(tape, object, key)
    if (value !== 0 && kindOnTape(tape, value) !== NULL) write(to, number, name, value, depth)
  }
}

function hasUnknown({ tape }: Conversion, fields: readonly JsonField[], object: number): boolean {
  for (let at = lastChildOf(tape, object); at !== 0; at = previousOf(tape, at)) {
    const key = fieldOf(tape, at)
    if (!fields.some((field) => field.key === key)) return true
  }
  return false
}

/** Writes a message in a field. */
function nested(content: JsonMessage): WriteField {
  return (to, field, name, value, depth) => {
    requireObject(to, name, value)
    const end = to.pos
    writeFields(to, content, value, depth)
    to.pos = writeHeader(to.out, to.pos, tagOf(field, BYTES), end)
  }
}

function requireObject({ tape }: Conversion, name: string, value: number): void {
  if (kindOnTape(tape, value) !== OBJECT) throw invalidOtlpJson(name, 'an object')
}

/** Writes a list of messages; a null element is an empty message. */
function listOf(write: WriteField): WriteField {
  return (to, field, name, list, depth) => {
    const { tape } = to
    if (kindOnTape(tape, list) !== ARRAY) throw invalidOtlpJson(name, 'an array')
    let at = lastChildOf(tape, list)
    try {
      for (; at !== 0; at = previousOf(tape, at)) {
        if (kindOnTape(tape, at) !== NULL) write(to, field, 'it', at, depth)
        else to.pos = writeHeader(to.out, to.pos, tagOf(field, BYTES), to.pos)
      }
    } catch (error) {
      throw inside(`${name}[${indexOf(to, at)}]`, error)
    }
  }
}

function indexOf({ tape }: Conversion, element: number): number {
  let index = 0
  for (let at = previousOf(tape, element); at !== 0; at = previousOf(tape, at)) index++
  return index
}

/** The same problem, told from one list further out: `resourceSpans[0]: scopeSpans[1]: name must be a string`. */
function inside(place: string, error: unknown): unknown {
  if (!(error instanceof InputError)) return error
  const hint = error.hint === undefined ? {} : { hint: error.hint }
  return new InputError({ code: error.code, message: `${place}: ${error.message}`, ...hint })
}

function writeKind(to: Conversion, member: number, depth: number): void {
  const kind = KINDS.get(fieldOf(to.tape, member))
  if (kind === undefined || kindOnTape(to.tape, member) === NULL) return
  kind.write(to, kind.number, kind.name, member, depth)
}

/** Writes several kinds in one value in the order of their keys, so that the last one counts for readers. */
function writeKinds(to: Conversion, value: number, depth: number): void {
  const { tape } = to
  const given: { readonly member: number; readonly first: number }[] = []
  for (const key of KINDS.keys()) {
    const member = memberOf(tape, value, key)
    if (member !== 0) given.push({ member, first: firstOf(to, member, key) })
  }
  given.sort((a, b) => b.first - a.first)
  for (const { member } of given) writeKind(to, member, depth)
}

/** Where a key is given first, for its last member. */
function firstOf({ tape }: Conversion, member: number, key: number): number {
  let first = member
  for (let at = previousOf(tape, member); at !== 0; at = previousOf(tape, at)) {
    if (fieldOf(tape, at) === key) first = at
  }
  return first
}
