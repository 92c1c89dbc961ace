import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { invalidOtlpJson } from './errors.ts'
import { EVENT, LINK, RESOURCE, RESOURCE_SPANS, SCOPE, SCOPE_SPANS, SPAN, STATUS, TRACES_DATA } from './fields.ts'
import {
  writeAttributes,
  writeEach,
  writeFixed32,
  writeFixed64,
  writeId,
  writeInt32,
  writeNested,
  writeString,
  writeUint32,
} from './json-fields.ts'
import { type Json, parseJson } from './json-parse.ts'

/** An OTLP/JSON request as protobuf, and whether a field was skipped because OTLP/JSON has none of its name. */
export interface ConvertedJson {
  readonly bytes: Uint8Array
  readonly unknownFields: boolean
}

/**
 * Converts an ExportTraceServiceRequest from UTF-8 OTLP/JSON to the protobuf bytes of the same request. An id that is
 * no hex becomes one byte, which the splitter rejects with its span. Throws InputError (`malformed-json`,
 * `invalid-otlp-json`, `nested-too-deep`).
 */
export function convertJson(body: Uint8Array): ConvertedJson {
  const request = parseJson(body)
  if (request === null || typeof request !== 'object' || Array.isArray(request)) {
    throw invalidOtlpJson('the body', 'a JSON object')
  }
  const writer = new BinaryWriter()
  const unknownFields = writeRequest(writer, request as JsonObject)
  return { bytes: writer.finish(), unknownFields }
}

type JsonObject = { readonly [key: string]: Json }

const KNOWN_AT_TOP = new Set(['resourceSpans'])
const KNOWN_BESIDE_SCOPES = new Set(['resource', 'scopeSpans', 'schemaUrl'])

function writeRequest(writer: BinaryWriter, request: JsonObject): boolean {
  let unknown = hasUnknown(request, KNOWN_AT_TOP)
  writeEach(writer, TRACES_DATA.resourceSpans, 'resourceSpans', request.resourceSpans, (to, resourceSpans) => {
    unknown ||= hasUnknown(resourceSpans, KNOWN_BESIDE_SCOPES)
    writeNested(to, RESOURCE_SPANS.resource, 'resource', resourceSpans.resource, writeResource)
    writeEach(to, RESOURCE_SPANS.scopeSpans, 'scopeSpans', resourceSpans.scopeSpans, writeScopeSpans)
    writeString(to, RESOURCE_SPANS.schemaUrl, 'schemaUrl', resourceSpans.schemaUrl)
  })
  return unknown
}

function hasUnknown(object: JsonObject, known: ReadonlySet<string>): boolean {
  for (const key in object) if (!known.has(key)) return true
  return false
}

function writeResource(to: BinaryWriter, resource: JsonObject): void {
  writeAttributes(to, RESOURCE.attributes, resource.attributes)
  writeUint32(to, RESOURCE.droppedAttributesCount, 'droppedAttributesCount', resource.droppedAttributesCount)
}

function writeScopeSpans(to: BinaryWriter, scopeSpans: JsonObject): void {
  writeNested(to, SCOPE_SPANS.scope, 'scope', scopeSpans.scope, writeScope)
  writeEach(to, SCOPE_SPANS.spans, 'spans', scopeSpans.spans, writeSpan)
  writeString(to, SCOPE_SPANS.schemaUrl, 'schemaUrl', scopeSpans.schemaUrl)
}

function writeScope(to: BinaryWriter, scope: JsonObject): void {
  writeString(to, SCOPE.name, 'name', scope.name)
  writeString(to, SCOPE.version, 'version', scope.version)
  writeAttributes(to, SCOPE.attributes, scope.attributes)
  writeUint32(to, SCOPE.droppedAttributesCount, 'droppedAttributesCount', scope.droppedAttributesCount)
}

function writeSpan(to: BinaryWriter, span: JsonObject): void {
  writeId(to, SPAN.traceId, 'traceId', span.traceId)
  writeId(to, SPAN.spanId, 'spanId', span.spanId)
  writeString(to, SPAN.traceState, 'traceState', span.traceState)
  writeId(to, SPAN.parentSpanId, 'parentSpanId', span.parentSpanId)
  writeString(to, SPAN.name, 'name', span.name)
  writeInt32(to, SPAN.kind, 'kind', span.kind)
  writeFixed64(to, SPAN.startTimeUnixNano, 'startTimeUnixNano', span.startTimeUnixNano)
  writeFixed64(to, SPAN.endTimeUnixNano, 'endTimeUnixNano', span.endTimeUnixNano)
  writeAttributes(to, SPAN.attributes, span.attributes)
  writeUint32(to, SPAN.droppedAttributesCount, 'droppedAttributesCount', span.droppedAttributesCount)
  writeEach(to, SPAN.events, 'events', span.events, writeEvent)
  writeUint32(to, SPAN.droppedEventsCount, 'droppedEventsCount', span.droppedEventsCount)
  writeEach(to, SPAN.links, 'links', span.links, writeLink)
  writeUint32(to, SPAN.droppedLinksCount, 'droppedLinksCount', span.droppedLinksCount)
  writeNested(to, SPAN.status, 'status', span.status, writeStatus)
  writeFixed32(to, SPAN.flags, 'flags', span.flags)
}

function writeEvent(to: BinaryWriter, event: JsonObject): void {
  writeFixed64(to, EVENT.timeUnixNano, 'timeUnixNano', event.timeUnixNano)
  writeString(to, EVENT.name, 'name', event.name)
  writeAttributes(to, EVENT.attributes, event.attributes)
  writeUint32(to, EVENT.droppedAttributesCount, 'droppedAttributesCount', event.droppedAttributesCount)
}

function writeLink(to: BinaryWriter, link: JsonObject): void {
  writeId(to, LINK.traceId, 'traceId', link.traceId)
  writeId(to, LINK.spanId, 'spanId', link.spanId)
  writeString(to, LINK.traceState, 'traceState', link.traceState)
  writeAttributes(to, LINK.attributes, link.attributes)
  writeUint32(to, LINK.droppedAttributesCount, 'droppedAttributesCount', link.droppedAttributesCount)
  writeFixed32(to, LINK.flags, 'flags', link.flags)
}

function writeStatus(to: BinaryWriter, status: JsonObject): void {
  writeString(to, STATUS.message, 'message', status.message)
  writeInt32(to, STATUS.code, 'code', status.code)
}
