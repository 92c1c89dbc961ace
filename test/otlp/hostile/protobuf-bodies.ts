import { createCipheriv } from 'node:crypto'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import {
  ANY_VALUE,
  EVENT,
  KEY_VALUE,
  LIST,
  RESOURCE,
  RESOURCE_SPANS,
  SCOPE_SPANS,
  SPAN,
  TRACES_DATA,
} from '../../../shared/otlp/fields.ts'
import { REQUEST_LIMITS } from '../../../shared/otlp/limits.ts'
import { type MakeBody, tiled } from './tiled.ts'

const { maxRequestSpans, maxRequestEvents, maxRequestTraces, maxSplitBytes } = REQUEST_LIMITS
/** Room for the fields around those that are repeated. */
const MOST_VALUES = REQUEST_LIMITS.maxRequestValues - 100
/** Room for tags and lengths around what is repeated. */
const FRAME_BYTES = 100

const EMPTY = new Uint8Array(0)
const SPAN_IDS = message([SPAN.traceId, Buffer.alloc(16, 7)], [SPAN.spanId, Buffer.alloc(8, 7)])
const SPAN_FIELD = message([SCOPE_SPANS.spans, SPAN_IDS])
const KEY = [KEY_VALUE.key, Buffer.from('k')] as const
const INTEGER = message(KEY, [KEY_VALUE.value, Uint8Array.of((ANY_VALUE.intValue << 3) | WireType.Varint, 1)])
const GROUP = Uint8Array.of(0xfb, 1, 0xfc, 1)
const DEEP_GROUP = Buffer.concat([Buffer.alloc(2 * 63, GROUP.subarray(0, 2)), Buffer.alloc(2 * 63, GROUP.subarray(2))])

function sixAttributes(): Uint8Array {
  return message(...Array.from({ length: 6 }, () => [EVENT.attributes, INTEGER] as const))
}

/** Bodies of protobuf by name. */
export function hostileProtobuf(): readonly (readonly [name: string, make: MakeBody])[] {
  return [
    [
      'more empty resources than a request may have',
      (bytes) => tiled(bytes, message([TRACES_DATA.resourceSpans, EMPTY])),
    ],
    ['empty resources', (bytes) => tiled(bytes, message([TRACES_DATA.resourceSpans, EMPTY]), MOST_VALUES)],
    ['empty scopes', around(inResource, message([RESOURCE_SPANS.scopeSpans, EMPTY]))],
    ['spans without ids', around(inScope, message([SCOPE_SPANS.spans, EMPTY]), maxRequestSpans)],
    ['a trace a span', (bytes) => inScope(spansOf(bytes, maxRequestTraces, maxRequestTraces))],
    ['spans of one trace', (bytes) => inScope(spansOf(bytes, maxRequestSpans, 1))],
    ['one span again and again', around(inScope, SPAN_FIELD, maxRequestSpans)],
    [
      'the same under a large resource',
      (bytes) => resourceAnd(bytes / 2, tiled(bytes / 3, SPAN_FIELD, maxRequestSpans)),
    ],
    ['empty attributes', around(inSpan, message([SPAN.attributes, EMPTY]))],
    ['small attributes', around(inSpan, message([SPAN.attributes, INTEGER]))],
    ['small attributes of a resource', around(inResourceItself, message([RESOURCE.attributes, INTEGER]))],
    ['elements of a list', around(inList, message([LIST.values, EMPTY]))],
    ['values nested 64 deep', around(inSpan, message([SPAN.attributes, deepAttribute()]), MOST_VALUES / 129)],
    ['one value again and again', around(inAttribute, message([KEY_VALUE.value, EMPTY]))],
    ['more events than a request may have', around(inSpan, message([SPAN.events, EMPTY]))],
    ['events', around(inSpan, message([SPAN.events, EMPTY]), maxRequestEvents)],
    [
      'events with an attribute',
      around(inSpan, message([SPAN.events, message([EVENT.attributes, INTEGER])]), maxRequestEvents),
    ],
    ['events with six attributes', around(inSpan, message([SPAN.events, sixAttributes()]), maxRequestEvents)],
    ['links', around(inSpan, message([SPAN.links, EMPTY]), maxRequestEvents)],
    ['statuses', around(inSpan, message([SPAN.status, EMPTY]))],
    ['ids', around(inSpan, message([SPAN.traceId, EMPTY]))],
    ['fields that OTLP does not have', around(inSpan, Uint8Array.of(0xf8, 1, 0))],
    ['groups', around(inSpan, GROUP, MOST_VALUES / 2)],
    ['groups nested 63 deep', around(inSpan, DEEP_GROUP, MOST_VALUES / 127)],
    ['a resource in pieces', inPieces],
    [
      'a resource that two traces share',
      (bytes) => resourceAnd(Math.min(bytes - 2 * FRAME_BYTES, maxSplitBytes / 2 - FRAME_BYTES), spansOf(bytes, 2, 2)),
    ],
    ['a resource that many traces share', sharedByMany],
    ['a small resource that more share', sharedByMore],
    ['traces that do not compress', (bytes) => noise(bytes, 100)],
    ['traces that do not compress, nor what they share', noiseThatGrows],
  ]
}

type Field = readonly [field: number, content: Uint8Array]

function message(...fields: readonly Field[]): Uint8Array {
  const writer = new BinaryWriter()
  for (const [field, content] of fields) writer.tag(field, WireType.LengthDelimited).bytes(content)
  return writer.finish()
}

function inResource(content: Uint8Array): Buffer {
  return Buffer.from(message([TRACES_DATA.resourceSpans, content]))
}

function inResourceItself(content: Uint8Array): Buffer {
  const scope = message([RESOURCE_SPANS.scopeSpans, SPAN_FIELD])
  return inResource(Buffer.concat([message([RESOURCE_SPANS.resource, content]), scope]))
}

function inScope(content: Uint8Array): Buffer {
  return inResource(message([RESOURCE_SPANS.scopeSpans, content]))
}

/** The ids last: of a field that is given twice the last counts. */
function inSpan(content: Uint8Array): Buffer {
  return inScope(message([SCOPE_SPANS.spans, Buffer.concat([content, SPAN_IDS])]))
}

function inAttribute(content: Uint8Array): Buffer {
  return inSpan(message([SPAN.attributes, content]))
}

function inList(content: Uint8Array): Buffer {
  return inAttribute(message(KEY, [KEY_VALUE.value, message([ANY_VALUE.arrayValue, content])]))
}

/** As many of the tile as fit, and as a request may have. */
function around(place: (content: Uint8Array) => Buffer, tile: Uint8Array, most = MOST_VALUES): MakeBody {
  return (bytes) => place(tiled(bytes - FRAME_BYTES, tile, Math.floor(most)))
}

function deepAttribute(): Uint8Array {
  let value: Uint8Array = EMPTY
  for (let depth = 1; depth < 64; depth++) value = message([ANY_VALUE.arrayValue, message([LIST.values, value])])
  return message([KEY_VALUE.value, value])
}

/** At most so many spans, each with an id of its own, of so many traces. */
function spansOf(bytes: number, most: number, traces: number): Buffer {
  const out = tiled(bytes - FRAME_BYTES, SPAN_FIELD, most)
  for (let at = 0, index = 0; at < out.length; at += SPAN_FIELD.length, index++) {
    out.writeUInt32BE(index % traces, at + 16)
    out.writeUInt32BE(index, at + 26)
  }
  return out
}

/** Spans under a resource with one attribute, so large that the resource has so many bytes. */
function resourceAnd(resourceBytes: number, spans: Uint8Array): Buffer {
  const text = Buffer.alloc(Math.max(1, Math.floor(resourceBytes) - FRAME_BYTES), 'a')
  const attribute = message(KEY, [KEY_VALUE.value, message([ANY_VALUE.stringValue, text])])
  const resource = message([RESOURCE_SPANS.resource, message([RESOURCE.attributes, attribute])])
  return inResource(Buffer.concat([resource, message([RESOURCE_SPANS.scopeSpans, spans])]))
}

/** Fields of the resource and empty scopes take turns, so that what the traces share is no one stretch. */
function inPieces(bytes: number): Buffer {
  const piece = Buffer.concat([message([9, EMPTY]), message([RESOURCE_SPANS.scopeSpans, EMPTY])])
  const spans = spansOf(bytes / 2, 30, 30)
  return inResource(
    Buffer.concat([tiled(bytes / 4, piece, MOST_VALUES / 2), message([RESOURCE_SPANS.scopeSpans, spans])]),
  )
}

/** A large resource under each of as many traces as fit into what a request may become. */
function sharedByMany(bytes: number): Buffer {
  const resourceBytes = Math.floor(bytes * 0.4)
  const traces = Math.max(1, Math.floor(maxSplitBytes / resourceBytes) - 1)
  return resourceAnd(resourceBytes, spansOf(bytes / 2, traces, traces))
}

function sharedByMore(bytes: number): Buffer {
  const share = Math.floor(maxSplitBytes / maxRequestTraces) - FRAME_BYTES
  return resourceAnd(share, spansOf(bytes - 2 * share, maxRequestTraces, maxRequestTraces))
}

/** As many traces as a request may have, of bytes that look random, under a resource of such bytes. */
function noise(bytes: number, resourceBytes: number): Buffer {
  const random = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(bytes))
  const attribute = (from: number, length: number) =>
    message(KEY, [KEY_VALUE.value, message([ANY_VALUE.bytesValue, random.subarray(from, from + length)])])
  const spanBytes = Math.max(1, Math.floor((bytes - resourceBytes) / maxRequestTraces) - FRAME_BYTES)
  const spans: Uint8Array[] = []
  for (let at = 0; at + spanBytes + FRAME_BYTES <= bytes - resourceBytes; at += spanBytes + FRAME_BYTES) {
    const ids = [SPAN.traceId, random.subarray(at, at + 16)] as const
    const span = message(ids, [SPAN.spanId, random.subarray(at, at + 8)], [SPAN.attributes, attribute(at, spanBytes)])
    spans.push(message([SCOPE_SPANS.spans, span]))
  }
  const resource = message([RESOURCE_SPANS.resource, message([RESOURCE.attributes, attribute(0, resourceBytes)])])
  const scopes = message([RESOURCE_SPANS.scopeSpans, Buffer.concat(spans.slice(0, maxRequestTraces))])
  return inResource(Buffer.concat([resource, scopes]))
}

/** So much shared that the traces become as large together as they may. */
function noiseThatGrows(bytes: number): Buffer {
  const share = Math.floor((maxSplitBytes - bytes) / maxRequestTraces) - FRAME_BYTES
  return noise(bytes - share - FRAME_BYTES, share)
}
