import { typeOfAttribute } from '../../catalogue/attribute-types.ts'
import {
  hexId,
  isObject,
  type JsonObject,
  nanosOf,
  type OtlpAttribute,
  type OtlpValue,
  objectsOf,
  scalarText,
} from './json-value.ts'

/*
 * Spans of Zipkin's format v2, as `/api/v2/trace/ID` answers them: https://zipkin.io/zipkin-api/. What becomes of its fields
 * is what OpenTelemetry's page "Zipkin" says: https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/
 */

const KINDS: Readonly<Record<string, number>> = { SERVER: 2, CLIENT: 3, PRODUCER: 4, CONSUMER: 5 }
const FIELD_TAGS = new Set([
  ...['error', 'otel.status_code', 'otel.status_description'],
  ...['otel.library.name', 'otel.library.version', 'otel.scope.name', 'otel.scope.version'],
])

/** Makes a request of OTLP/JSON of spans of Zipkin; throws an InputError. */
export function fromZipkin(spans: readonly JsonObject[]): object {
  const byService = Map.groupBy(spans, ({ localEndpoint }) =>
    isObject(localEndpoint) ? scalarText(localEndpoint.serviceName) : '',
  )
  return {
    resourceSpans: [...byService].map(([service, group]) => ({
      resource: { attributes: service === '' ? [] : [textAttribute('service.name', service)] },
      scopeSpans: group.map(scopeSpanOf),
    })),
  }
}

function scopeSpanOf(span: JsonObject): object {
  const tags = isObject(span.tags) ? span.tags : {}
  const start = nanosOf(span.timestamp, 'timestamp')
  const parent = scalarText(span.parentId)
  return {
    scope: {
      name: scalarText(tags['otel.scope.name'] ?? tags['otel.library.name']),
      version: scalarText(tags['otel.scope.version'] ?? tags['otel.library.version']),
    },
    spans: [
      {
        traceId: hexId(span.traceId, 32, 'traceId'),
        spanId: hexId(span.id, 16, 'id'),
        ...(parent !== '' && { parentSpanId: hexId(parent, 16, 'parentId') }),
        name: scalarText(span.name),
        kind: KINDS[scalarText(span.kind)] ?? 1,
        startTimeUnixNano: `${start}`,
        endTimeUnixNano: `${start + nanosOf(span.duration, 'duration')}`,
        attributes: [...attributesOf(tags), ...remoteOf(span.remoteEndpoint)],
        status: statusOf(tags),
        events: objectsOf(span.annotations, 'annotations').map(({ timestamp, value }) => ({
          timeUnixNano: `${nanosOf(timestamp, 'timestamp')}`,
          name: scalarText(value),
        })),
      },
    ],
  }
}

function attributesOf(tags: JsonObject): readonly OtlpAttribute[] {
  return Object.entries(tags).flatMap(([key, value]) =>
    FIELD_TAGS.has(key) ? [] : [{ key, value: typedValue(key, scalarText(value)) }],
  )
}

/** Tags are text. Of attributes that are numbers or booleans by the conventions they are read as such, or no rule would fit. */
function typedValue(key: string, text: string): OtlpValue {
  const type = typeOfAttribute(key)
  if (type === 'int' && /^-?\d{1,18}$/.test(text)) return { intValue: text }
  if (type === 'boolean' && (text === 'true' || text === 'false')) return { boolValue: text === 'true' }
  return { stringValue: text }
}

/** The peer, under OpenTelemetry's names. */
function remoteOf(endpoint: unknown): readonly OtlpAttribute[] {
  if (!isObject(endpoint)) return []
  const { serviceName, ipv4, ipv6, port } = endpoint
  const address = scalarText(ipv4) || scalarText(ipv6)
  return [
    ...(scalarText(serviceName) === '' ? [] : [textAttribute('peer.service', scalarText(serviceName))]),
    ...(address === '' ? [] : [textAttribute('network.peer.address', address)]),
    ...(typeof port === 'number' ? [{ key: 'network.peer.port', value: { intValue: `${port}` } }] : []),
  ]
}

/** The tag `error` is set where a span failed; its text says why. */
function statusOf(tags: JsonObject): object {
  const { error } = tags
  const code = { OK: 1, ERROR: 2 }[scalarText(tags['otel.status_code'])]
  const failed = error !== undefined && error !== 'false'
  const message = scalarText(tags['otel.status_description']) || (failed && error !== 'true' ? scalarText(error) : '')
  return { code: code ?? (failed ? 2 : 0), message }
}

function textAttribute(key: string, text: string): OtlpAttribute {
  return { key, value: { stringValue: text } }
}
