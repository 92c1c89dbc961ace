import type { ResourceLayout, ScopeLayout } from '../otlp/layout.ts'
import type { StoredSpan } from '../trace/read-span.ts'
import { type DecodedContext, type DecodedResource, decodeResource, decodeScope } from './decode-context.ts'
import { decodeSpanFields } from './decode-span.ts'
import { frameSpan } from './frame-span.ts'
import type { Fidelity } from './message.ts'

/** Everything OTLP says of one span, as the archive keeps it; JSON texts as `any-json.ts` has them. */
export interface SpanRow extends SpanFields {
  /** {attributes, dropped_attributes_count, schema_url}; without `attributes` where no resource was sent. */
  readonly resource: string | null
  /** The `service.name` of the resource, where it is a text. */
  readonly serviceName: string | null
  /** {name, version, attributes, dropped_attributes_count, schema_url}; without `name` where no scope was sent. */
  readonly scope: string | null
  /** The span as it came, TracesData; only where the other fields cannot give it back exactly. */
  readonly otlp: Uint8Array | null
}

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

/** Decodes spans of one trace whole, a resource or scope once for all the spans that share it. */
export function decodeSpans(stored: readonly StoredSpan[]): SpanRow[] {
  const resources = new Map<ResourceLayout, DecodedResource>()
  const scopes = new Map<ScopeLayout, DecodedContext>()
  return stored.map((span) => {
    const { bytes, scope: layout } = span
    const resource = remembered(resources, layout.resource, () => decodeResource(bytes, layout.resource.rest))
    const scope = remembered(scopes, layout, () => decodeScope(bytes, layout.rest))
    const fidelity: Fidelity = { exact: resource.exact && scope.exact }
    const fields = decodeSpanFields({ bytes, pos: span.start }, span.end, fidelity)
    return {
      ...fields,
      resource: resource.json,
      serviceName: resource.serviceName,
      scope: scope.json,
      otlp: fidelity.exact ? null : frameSpan(span),
    }
  })
}

function remembered<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = known.get(key)
  if (value === undefined) {
    value = make()
    known.set(key, value)
  }
  return value
}
