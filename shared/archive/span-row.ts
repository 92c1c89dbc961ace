import type { ResourceLayout, ScopeLayout } from '../otlp/layout.ts'
import type { StoredSpan } from '../trace/read-span.ts'
import { type DecodedContext, type DecodedResource, decodeResource, decodeScope } from './decode-context.ts'
import { decodeSpanFields, type SpanFields } from './decode-span.ts'
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
