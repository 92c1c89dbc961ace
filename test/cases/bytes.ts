import type { AttributeValue } from '../../shared/trace/span.ts'
import { encode } from '../otlp/otlp-proto.ts'
import type { CaseSpan } from './span-notation.ts'

const EPOCH_MS = 1_767_225_600_000

/** The spans of a case as TracesData, each under a resource of its own. */
export function bytesOf(traceId: string, spans: readonly CaseSpan[]): Uint8Array {
  return encode('TracesData', { resourceSpans: spans.map((span, index) => resourceSpans(traceId, span, index)) })
}

function resourceSpans(traceId: string, span: CaseSpan, index: number) {
  const { name, kind, attributes, parent } = span
  return {
    resource: { attributes: keyValues({ 'service.name': span.service, ...span.resource }) },
    scopeSpans: [
      {
        spans: [
          {
            traceId: Buffer.from(traceId, 'hex'),
            spanId: spanId(index),
            ...(parent !== undefined && { parentSpanId: spanId(parent) }),
            name,
            kind,
            startTimeUnixNano: nanos(span.startMs),
            endTimeUnixNano: nanos(span.endMs),
            attributes: keyValues(attributes),
            status: { code: span.status },
          },
        ],
      },
    ],
  }
}

const nanos = (ms: number) => String(BigInt(EPOCH_MS + ms) * 1_000_000n)
const spanId = (index: number) => Buffer.from((index + 1).toString(16).padStart(16, '0'), 'hex')

const keyValues = (values: Readonly<Record<string, AttributeValue>>) =>
  Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }))

function anyValue(value: AttributeValue): object {
  if (value === null) return {}
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'bigint' || Number.isInteger(value)) return { intValue: String(value) }
  if (typeof value === 'number') return { doubleValue: value }
  if (value instanceof Uint8Array) return { bytesValue: value }
  if (value instanceof Map) return { kvlistValue: { values: keyValues(Object.fromEntries(value)) } }
  return { arrayValue: { values: (value as readonly AttributeValue[]).map(anyValue) } }
}
