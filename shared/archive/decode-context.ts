import { RESOURCE, RESOURCE_SPANS, SCOPE, SCOPE_SPANS } from '../otlp/fields.ts'
import type { Ranges } from '../otlp/layout.ts'
import { type Cursor, readEnd, readTag, readUint32 } from '../otlp/wire.ts'
import { keyValueJson } from './any-json.ts'
import { bytesTag, type Fidelity, readText, skipUnknown, varintTag } from './message.ts'

/** A resource or scope with its schema URL as JSON; null where neither was sent. */
export interface DecodedContext {
  readonly json: string | null
  readonly exact: boolean
}

export interface DecodedResource extends DecodedContext {
  readonly serviceName: string | null
}

const RESOURCE_TAG = bytesTag(RESOURCE_SPANS.resource)
const RESOURCE_SCHEMA_URL = bytesTag(RESOURCE_SPANS.schemaUrl)
const RESOURCE_ATTRIBUTES = bytesTag(RESOURCE.attributes)
const RESOURCE_DROPPED = varintTag(RESOURCE.droppedAttributesCount)
const SCOPE_TAG = bytesTag(SCOPE_SPANS.scope)
const SCOPE_SCHEMA_URL = bytesTag(SCOPE_SPANS.schemaUrl)
const SCOPE_NAME = bytesTag(SCOPE.name)
const SCOPE_VERSION = bytesTag(SCOPE.version)
const SCOPE_ATTRIBUTES = bytesTag(SCOPE.attributes)
const SCOPE_DROPPED = varintTag(SCOPE.droppedAttributesCount)
const SERVICE_NAME = '"service.name":'

/** Decodes the fields of a ResourceSpans other than its scopes. */
export function decodeResource(bytes: Buffer, rest: Ranges): DecodedResource {
  const fidelity: Fidelity = { exact: true }
  const attributes: string[] = []
  let dropped = 0
  const context = decodeContext(bytes, rest, RESOURCE_TAG, RESOURCE_SCHEMA_URL, fidelity, (cursor, end, tag) => {
    if (tag === RESOURCE_ATTRIBUTES) attributes.push(keyValueJson(cursor, readEnd(cursor, end), fidelity))
    else if (tag === RESOURCE_DROPPED) dropped = readUint32(cursor, end)
    else skipUnknown(cursor, end, tag, fidelity)
  })
  const json = contextJson(context, [
    `"attributes":{${attributes.join(',')}}`,
    ...(dropped > 0 ? [`"dropped_attributes_count":${dropped}`] : []),
  ])
  return { json, serviceName: serviceNameOf(attributes), exact: fidelity.exact }
}

/** Of one key twice the first counts. */
function serviceNameOf(attributes: readonly string[]): string | null {
  const value = attributes.find((attribute) => attribute.startsWith(SERVICE_NAME))?.slice(SERVICE_NAME.length)
  return value?.startsWith('"') ? JSON.parse(value) : null
}

/** Decodes the fields of a ScopeSpans other than its spans. */
export function decodeScope(bytes: Buffer, rest: Ranges): DecodedContext {
  const fidelity: Fidelity = { exact: true }
  const attributes: string[] = []
  let name = ''
  let version = ''
  let dropped = 0
  const context = decodeContext(bytes, rest, SCOPE_TAG, SCOPE_SCHEMA_URL, fidelity, (cursor, end, tag) => {
    if (tag === SCOPE_NAME) name = readText(cursor, end, fidelity)
    else if (tag === SCOPE_VERSION) version = readText(cursor, end, fidelity)
    else if (tag === SCOPE_ATTRIBUTES) attributes.push(keyValueJson(cursor, readEnd(cursor, end), fidelity))
    else if (tag === SCOPE_DROPPED) dropped = readUint32(cursor, end)
    else skipUnknown(cursor, end, tag, fidelity)
  })
  const json = contextJson(context, [
    `"name":${JSON.stringify(name)}`,
    ...(version === '' ? [] : [`"version":${JSON.stringify(version)}`]),
    ...(attributes.length > 0 ? [`"attributes":{${attributes.join(',')}}`] : []),
    ...(dropped > 0 ? [`"dropped_attributes_count":${dropped}`] : []),
  ])
  return { json, exact: fidelity.exact }
}

interface Context {
  readonly messages: number
  readonly schemaUrl: string
}

/** Reads a resource or scope and the schema URL beside it. */
function decodeContext(
  bytes: Buffer,
  rest: Ranges,
  messageTag: number,
  schemaUrlTag: number,
  fidelity: Fidelity,
  readField: (cursor: Cursor, end: number, tag: number) => void,
): Context {
  let messages = 0
  let schemaUrl = ''
  for (let i = 0; i < rest.length; i += 2) {
    const cursor: Cursor = { bytes, pos: rest[i] as number }
    const end = rest[i + 1] as number
    while (cursor.pos < end) {
      const tag = readTag(cursor, end)
      if (tag === schemaUrlTag) schemaUrl = readText(cursor, end, fidelity)
      else if (tag === messageTag) {
        messages++
        const stop = readEnd(cursor, end)
        while (cursor.pos < stop) readField(cursor, stop, readTag(cursor, stop))
      } else skipUnknown(cursor, end, tag, fidelity)
    }
  }
  if (messages > 1) fidelity.exact = false
  return { messages, schemaUrl }
}

function contextJson({ messages, schemaUrl }: Context, members: readonly string[]): string | null {
  const present = messages > 0 ? [...members] : []
  if (schemaUrl !== '') present.push(`"schema_url":${JSON.stringify(schemaUrl)}`)
  return present.length > 0 ? `{${present.join(',')}}` : null
}
