import { EVENT, LINK, SPAN, STATUS } from '../otlp/fields.ts'
import { type Cursor, readEnd, readTag, readUint32 } from '../otlp/wire.ts'
import { keyValueJson } from './any-json.ts'
import { addJson, joinedJson, newJsonList } from './json-list.ts'
import {
  bytesTag,
  type Fidelity,
  fixed32Tag,
  fixed64Tag,
  readBytes,
  readEnum,
  readFixed32,
  readFixed64,
  readText,
  skipUnknown,
  varintTag,
} from './message.ts'

/** What the span message itself says, but for the trace id. */
export interface SpanFields {
  readonly spanId: Uint8Array
  /** Null for a root. */
  readonly parentSpanId: Uint8Array | null
  readonly traceState: string | null
  readonly flags: number
  readonly name: string
  readonly kind: number
  readonly statusCode: number
  /** Null where no status was sent at all. */
  readonly statusMessage: string | null
  readonly startUnixNano: bigint
  readonly endUnixNano: bigint
  /** JSON object. */
  readonly attributes: string
  readonly droppedAttributesCount: number
  /** JSON array of {name, time_unix_nano, attributes, dropped_attributes_count}; zeros and nothings left out. */
  readonly events: string | null
  readonly droppedEventsCount: number
  /** JSON array of {trace_id, span_id, trace_state, flags, attributes, dropped_attributes_count}; ids in hex. */
  readonly links: string | null
  readonly droppedLinksCount: number
}

type Draft = { -readonly [Key in keyof SpanFields]: SpanFields[Key] }

const NO_ID = Buffer.alloc(8)

const TRACE_ID = bytesTag(SPAN.traceId)
const SPAN_ID = bytesTag(SPAN.spanId)
const TRACE_STATE = bytesTag(SPAN.traceState)
const PARENT_SPAN_ID = bytesTag(SPAN.parentSpanId)
const FLAGS = fixed32Tag(SPAN.flags)
const NAME = bytesTag(SPAN.name)
const KIND = varintTag(SPAN.kind)
const START = fixed64Tag(SPAN.startTimeUnixNano)
const END = fixed64Tag(SPAN.endTimeUnixNano)
const ATTRIBUTES = bytesTag(SPAN.attributes)
const DROPPED_ATTRIBUTES = varintTag(SPAN.droppedAttributesCount)
const EVENTS = bytesTag(SPAN.events)
const DROPPED_EVENTS = varintTag(SPAN.droppedEventsCount)
const LINKS = bytesTag(SPAN.links)
const DROPPED_LINKS = varintTag(SPAN.droppedLinksCount)
const STATUS_TAG = bytesTag(SPAN.status)

/** Decodes the span whose content stands from `pos` to `end`: every field but the trace id. */
export function decodeSpanFields(cursor: Cursor, end: number, fidelity: Fidelity): SpanFields {
  const span = newDraft()
  const attributes = newJsonList()
  const events = newJsonList()
  const links = newJsonList()
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    switch (tag) {
      case TRACE_ID:
        readBytes(cursor, end)
        break
      case SPAN_ID:
        span.spanId = readBytes(cursor, end)
        break
      case PARENT_SPAN_ID:
        span.parentSpanId = readParent(cursor, end, fidelity)
        break
      case TRACE_STATE:
        span.traceState = readText(cursor, end, fidelity) || null
        break
      case FLAGS:
        span.flags = readFixed32(cursor, end)
        break
      case NAME:
        span.name = readText(cursor, end, fidelity)
        break
      case KIND:
        span.kind = readEnum(cursor, end)
        break
      case START:
        span.startUnixNano = readFixed64(cursor, end)
        break
      case END:
        span.endUnixNano = readFixed64(cursor, end)
        break
      case ATTRIBUTES:
        addJson(attributes, keyValueJson(cursor, readEnd(cursor, end), fidelity))
        break
      case DROPPED_ATTRIBUTES:
        span.droppedAttributesCount = readUint32(cursor, end)
        break
      case EVENTS:
        addJson(events, eventJson(cursor, readEnd(cursor, end), fidelity))
        break
      case DROPPED_EVENTS:
        span.droppedEventsCount = readUint32(cursor, end)
        break
      case LINKS:
        addJson(links, linkJson(cursor, readEnd(cursor, end), fidelity))
        break
      case DROPPED_LINKS:
        span.droppedLinksCount = readUint32(cursor, end)
        break
      case STATUS_TAG:
        readStatus(span, cursor, readEnd(cursor, end), fidelity)
        break
      default:
        skipUnknown(cursor, end, tag, fidelity)
    }
  }
  span.attributes = `{${joinedJson(attributes)}}`
  if (events.count > 0) span.events = `[${joinedJson(events)}]`
  if (links.count > 0) span.links = `[${joinedJson(links)}]`
  return span
}

function newDraft(): Draft {
  return {
    spanId: NO_ID,
    parentSpanId: null,
    traceState: null,
    flags: 0,
    name: '',
    kind: 0,
    statusCode: 0,
    statusMessage: null,
    startUnixNano: 0n,
    endUnixNano: 0n,
    attributes: '{}',
    droppedAttributesCount: 0,
    events: null,
    droppedEventsCount: 0,
    links: null,
    droppedLinksCount: 0,
  }
}

/** Some writers spell "no parent" as zeros. */
function readParent(cursor: Cursor, end: number, fidelity: Fidelity): Uint8Array | null {
  const parent = readBytes(cursor, end)
  if (parent.length === 0) return null
  if (!NO_ID.equals(parent)) return parent
  fidelity.exact = false
  return null
}

const STATUS_MESSAGE = bytesTag(STATUS.message)
const STATUS_CODE = varintTag(STATUS.code)

/** A status sent in pieces is merged, as protobuf has it. */
function readStatus(span: Draft, cursor: Cursor, end: number, fidelity: Fidelity): void {
  span.statusMessage ??= ''
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    if (tag === STATUS_MESSAGE) span.statusMessage = readText(cursor, end, fidelity)
    else if (tag === STATUS_CODE) span.statusCode = readEnum(cursor, end)
    else skipUnknown(cursor, end, tag, fidelity)
  }
}

const EVENT_TIME = fixed64Tag(EVENT.timeUnixNano)
const EVENT_NAME = bytesTag(EVENT.name)
const EVENT_ATTRIBUTES = bytesTag(EVENT.attributes)
const EVENT_DROPPED = varintTag(EVENT.droppedAttributesCount)

function eventJson(cursor: Cursor, end: number, fidelity: Fidelity): string {
  let name = ''
  let timeUnixNano = 0n
  let dropped = 0
  const attributes: string[] = []
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    if (tag === EVENT_NAME) name = readText(cursor, end, fidelity)
    else if (tag === EVENT_TIME) timeUnixNano = readFixed64(cursor, end)
    else if (tag === EVENT_ATTRIBUTES) attributes.push(keyValueJson(cursor, readEnd(cursor, end), fidelity))
    else if (tag === EVENT_DROPPED) dropped = readUint32(cursor, end)
    else skipUnknown(cursor, end, tag, fidelity)
  }
  return objectJson([
    `"name":${JSON.stringify(name)}`,
    `"time_unix_nano":${timeUnixNano}`,
    attributes.length > 0 && `"attributes":{${attributes.join(',')}}`,
    dropped > 0 && `"dropped_attributes_count":${dropped}`,
  ])
}

const LINK_TRACE_ID = bytesTag(LINK.traceId)
const LINK_SPAN_ID = bytesTag(LINK.spanId)
const LINK_TRACE_STATE = bytesTag(LINK.traceState)
const LINK_ATTRIBUTES = bytesTag(LINK.attributes)
const LINK_DROPPED = varintTag(LINK.droppedAttributesCount)
const LINK_FLAGS = fixed32Tag(LINK.flags)

function linkJson(cursor: Cursor, end: number, fidelity: Fidelity): string {
  let traceId = ''
  let spanId = ''
  let traceState = ''
  let flags = 0
  let dropped = 0
  const attributes: string[] = []
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    if (tag === LINK_TRACE_ID) traceId = readBytes(cursor, end).toString('hex')
    else if (tag === LINK_SPAN_ID) spanId = readBytes(cursor, end).toString('hex')
    else if (tag === LINK_TRACE_STATE) traceState = readText(cursor, end, fidelity)
    else if (tag === LINK_ATTRIBUTES) attributes.push(keyValueJson(cursor, readEnd(cursor, end), fidelity))
    else if (tag === LINK_DROPPED) dropped = readUint32(cursor, end)
    else if (tag === LINK_FLAGS) flags = readFixed32(cursor, end)
    else skipUnknown(cursor, end, tag, fidelity)
  }
  return objectJson([
    `"trace_id":"${traceId}"`,
    `"span_id":"${spanId}"`,
    traceState !== '' && `"trace_state":${JSON.stringify(traceState)}`,
    flags > 0 && `"flags":${flags}`,
    attributes.length > 0 && `"attributes":{${attributes.join(',')}}`,
    dropped > 0 && `"dropped_attributes_count":${dropped}`,
  ])
}

function objectJson(members: readonly (string | false)[]): string {
  return `{${members.filter((member) => member !== false).join(',')}}`
}
