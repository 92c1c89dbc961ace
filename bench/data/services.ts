import { convertJson } from '../../shared/otlp/json.ts'
import { splitByTrace } from '../../shared/otlp/split.ts'
import { type Chunk, newChunk } from '../../shared/pipeline/chunk.ts'
import { type Random, seededRandom } from './random.ts'
import { type Attributes, hex } from './service-attributes.ts'
import type { ServiceShape } from './service-shapes.ts'

const EPOCH_MS = 1_793_000_000_000

/** The given number of chunks of a kind of service, each a few spans of one trace; the same each time. */
export function serviceChunks(shape: ServiceShape, count: number, seed = 20260718): readonly Chunk[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => {
    const { bytes } = convertJson(Buffer.from(JSON.stringify(request(shape, random))))
    const [chunk] = splitByTrace(bytes).chunks
    if (chunk === undefined) throw new Error(`${shape.name}: no chunk`)
    return newChunk(chunk.traceId, EPOCH_MS + random.below(1e6), chunk.bytes, chunk.spanCount)
  })
}

function request(shape: ServiceShape, random: Random): object {
  const traceId = hex(random, 32)
  const startMs = EPOCH_MS + random.below(1e7)
  let parentSpanId = hex(random, 16)
  // Nothing comes in one size: from one of the spans to each of them.
  const spans = shape.spans.slice(0, 1 + random.below(shape.spans.length)).map((each, index) => {
    const spanId = hex(random, 16)
    const span = {
      ...{ traceId, spanId, parentSpanId, name: each.name(random), kind: each.kind, flags: 257 },
      startTimeUnixNano: `${startMs + index}${String(random.below(1e6)).padStart(6, '0')}`,
      endTimeUnixNano: `${startMs + index + 1 + random.below(400)}${String(random.below(1e6)).padStart(6, '0')}`,
      attributes: keyValues(each.attributes(random)),
      status: random.below(20) === 0 ? { code: 2, message: 'deadline exceeded' } : {},
    }
    parentSpanId = spanId
    return span
  })
  const scopeSpans = Object.values(Object.groupBy(spans, (_, index) => String(index % shape.scopes.length)))
  return {
    resourceSpans: [
      {
        resource: { attributes: keyValues(shape.resource(random)) },
        scopeSpans: scopeSpans.map((each, index) => {
          const [name, version] = splitScope(shape.scopes[index] ?? '')
          return { scope: { name, version }, spans: each }
        }),
      },
    ],
  }
}

function splitScope(scope: string): readonly [string, string] {
  const at = scope.lastIndexOf('@')
  return at > 0 ? [scope.slice(0, at), scope.slice(at + 1)] : [scope, '']
}

function keyValues(attributes: Attributes) {
  return Object.entries(attributes).map(([key, value]) => {
    if (typeof value === 'number') return { key, value: { intValue: String(value) } }
    return { key, value: typeof value === 'string' ? { stringValue: value } : { boolValue: value } }
  })
}
