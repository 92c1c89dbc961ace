import { createHash } from 'node:crypto'

/** One span of a test trace; times in milliseconds. */
export interface TestSpan {
  readonly name: string
  readonly attributes?: Readonly<Record<string, string | number | boolean>>
  readonly startMs?: number
  readonly service?: string
}

const hex = (text: string, digits: number) => createHash('sha256').update(text).digest('hex').slice(0, digits)

/** The trace id of the test trace so called. */
export function traceIdOf(trace: string): string {
  return hex(trace, 32)
}

/** An OTLP/JSON request with one trace: the first span is the root, the others its children. */
export function jsonRequest(trace: string, spans: readonly TestSpan[]) {
  return { resourceSpans: spans.map((span, index) => resourceSpans(trace, span, index)) }
}

function resourceSpans(trace: string, span: TestSpan, index: number) {
  const startUnixNano = 1_767_225_600_000_000_000n + BigInt((span.startMs ?? index) * 1e6)
  return {
    resource: { attributes: [{ key: 'service.name', value: { stringValue: span.service ?? 'shop' } }] },
    scopeSpans: [
      {
        scope: { name: 'test' },
        spans: [
          {
            traceId: traceIdOf(trace),
            spanId: hex(`${trace} ${span.name} ${index}`, 16),
            ...(index === 0 ? {} : { parentSpanId: hex(`${trace} root`, 16) }),
            ...(index === 0 && { spanId: hex(`${trace} root`, 16) }),
            name: span.name,
            kind: 1,
            startTimeUnixNano: String(startUnixNano),
            endTimeUnixNano: String(startUnixNano + 1_000_000n),
            attributes: Object.entries(span.attributes ?? {}).map(([key, value]) => ({ key, value: anyValue(value) })),
          },
        ],
      },
    ],
  }
}

function anyValue(value: string | number | boolean) {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}
