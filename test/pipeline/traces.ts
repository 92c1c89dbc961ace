import { type Chunk, newChunk } from '../../shared/pipeline/chunk.ts'
import type { RuleSet } from '../../shared/pipeline/ports.ts'
import type { CheckedRule, Severity } from '../../shared/rules/ast.ts'
import type { Outcome } from '../../shared/rules/judge/verdict.ts'
import { NO_MORE } from '../../shared/rules/read/listing.ts'
import type { Trace } from '../../shared/trace/span.ts'
import { encode } from '../otlp/otlp-proto.ts'

export const TRACE_ID = '5b8efff798038103d269b633813fc60c'

export interface TestSpan {
  readonly name: string
  /** A small number; 0 means no span. */
  readonly id: number
  readonly parent?: number
  readonly service?: string
  readonly startMs?: number
  readonly endMs?: number
}

const spanId = (id: number) => Buffer.from(id.toString(16).padStart(16, '0'), 'hex')

/** TracesData of a few spans of one trace. */
export function tracesData(spans: readonly TestSpan[], traceId = TRACE_ID): Uint8Array {
  const resourceSpans = spans.map((span) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: span.service ?? 'shop' } }] },
    scopeSpans: [
      {
        spans: [
          {
            traceId: Buffer.from(traceId, 'hex'),
            spanId: spanId(span.id),
            ...(span.parent === undefined ? {} : { parentSpanId: spanId(span.parent) }),
            name: span.name,
            startTimeUnixNano: String(BigInt(span.startMs ?? 0) * 1_000_000n),
            endTimeUnixNano: String(BigInt(span.endMs ?? span.startMs ?? 0) * 1_000_000n),
          },
        ],
      },
    ],
  }))
  return encode('TracesData', { resourceSpans })
}

/** The chunk of one request that carried these spans. */
export function chunkOf(arrivedAtMs: number, spans: readonly TestSpan[], traceId = TRACE_ID): Chunk {
  return newChunk(traceId, arrivedAtMs, tracesData(spans, traceId), spans.length)
}

export interface TestRule {
  readonly name: string
  readonly revision?: string
  readonly severity?: Severity
  readonly mode?: 'live' | 'shadow'
  readonly waitMs?: number
  /** True, false, or an outcome by name. */
  readonly violated: (trace: Trace) => boolean | Outcome
}

/** Rules as functions, for tests of what becomes of verdicts. */
export function ruleSet(rules: readonly TestRule[]): RuleSet {
  const checked = rules.map(asChecked)
  return {
    rules: checked,
    rejected: 0,
    keptBack: [],
    problems: [],
    more: NO_MORE,
    judge: (trace) =>
      rules.map((rule, index) => {
        const result = rule.violated(trace)
        const outcome = typeof result === 'string' ? result : result ? 'violated' : 'satisfied'
        return { rule: checked[index] as CheckedRule, outcome }
      }),
  }
}

function asChecked({ name, revision = 'r1', severity = 'high', mode = 'live', waitMs }: TestRule): CheckedRule {
  const metadata = { tags: [], mode, description: `about ${name}`, ...(waitMs !== undefined && { waitMs }) }
  const rule = { name, revision, severity, metadata }
  return rule as unknown as CheckedRule
}

/** True if a span is so named. */
export const has = (name: string) => (trace: Trace) => trace.spans.some((span) => span.name === name)
