import { objectKey } from '../../shared/archive/object-key.ts'
import type { ObjectStore } from '../../shared/archive/object-store.ts'
import { type ArchiveReason, type TraceRecord, traceRecord } from '../../shared/archive/trace-record.ts'
import { writeObject } from '../../shared/archive/write-object.ts'
import { type PlanLimits, planReplay } from '../../shared/replay/plan.ts'
import type { ReplayRange } from '../../shared/replay/range.ts'
import { type ReplayReport, reportOf } from '../../shared/replay/report.ts'
import { addTally, newTally } from '../../shared/replay/tally.ts'
import { newWorker, workOn } from '../../shared/replay/work.ts'
import type { CheckedRule } from '../../shared/rules/ast.ts'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import { assembleTrace } from '../../shared/trace/assemble.ts'
import type { AttributeValue } from '../../shared/trace/span.ts'
import { encode } from '../otlp/otlp-proto.ts'
import type { SpanSketch } from '../reference/traces.ts'

export const START_MS = Date.UTC(2025, 9, 15)
export const HOUR_MS = 3_600_000
const EPOCH_NANOS = BigInt(START_MS) * 1_000_000n

/** One part of a trace on its way into the archive. */
export interface SketchedRecord {
  readonly traceId: string
  readonly spans: readonly SpanSketch[]
  readonly atMs?: number
  readonly revision?: number
  readonly reason?: ArchiveReason
}

/** The spans as a chunk: TracesData, a ResourceSpans each. */
export function chunkOf(traceId: string, spans: readonly SpanSketch[]): Buffer {
  return encode('TracesData', {
    resourceSpans: spans.map((sketch, index) => ({
      resource: { attributes: keyValues(sketch.resource ?? { 'service.name': 'shop' }) },
      scopeSpans: [{ spans: [spanOf(traceId, sketch, index)] }],
    })),
  })
}

function spanOf(traceId: string, sketch: SpanSketch, index: number): object {
  const start = EPOCH_NANOS + (sketch.startNanos ?? BigInt(index))
  return {
    traceId: Buffer.from(traceId, 'hex'),
    spanId: idOf(sketch.id ?? index + 1),
    ...(sketch.parent === undefined ? {} : { parentSpanId: idOf(sketch.parent) }),
    name: sketch.name,
    kind: sketch.kind ?? 1,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + (sketch.durationNanos ?? 1_000_000n)),
    status: { code: sketch.status ?? 0, message: sketch.message ?? '' },
    attributes: keyValues(sketch.attributes ?? {}),
    events: (sketch.events ?? []).map(({ name, attributes = {} }) => ({
      name,
      timeUnixNano: String(start),
      attributes: keyValues(attributes),
    })),
  }
}

function idOf(id: number): Buffer {
  return Buffer.from(id.toString(16).padStart(16, '0'), 'hex')
}

function keyValues(attributes: Readonly<Record<string, AttributeValue>>): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }))
}

function anyValue(value: AttributeValue): object {
  if (value === null) return {}
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'bigint') return { intValue: String(value) }
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? { intValue: value } : { doubleValue: value }
  }
  if (value instanceof Uint8Array) return { bytesValue: value }
  if (value instanceof Map) {
    return { kvlistValue: { values: [...value].map(([key, item]) => ({ key, value: anyValue(item) })) } }
  }
  return { arrayValue: { values: (value as readonly AttributeValue[]).map(anyValue) } }
}

/** The record as the evaluator would archive it. */
export function recordOf({ traceId, spans, atMs, revision, reason }: SketchedRecord): TraceRecord {
  const chunks = [chunkOf(traceId, spans)]
  const { complete, truncated } = assembleTrace(traceId, chunks)
  return traceRecord({
    traceId,
    chunks,
    filing: { atMs: atMs ?? START_MS, by: 'start' },
    revision: revision ?? 1,
    reason: reason ?? 'verdict',
    complete,
    truncated,
  })
}

/** Stores the records as one object an hour; returns its keys. */
export async function archive(store: ObjectStore, records: readonly TraceRecord[]): Promise<readonly string[]> {
  const hours = Map.groupBy(records, ({ filing }) => Math.floor(filing.atMs / HOUR_MS))
  return Promise.all(
    [...hours.values()].map(async (group) => {
      const { bytes } = writeObject(group)
      const key = objectKey(group[0]?.filing.atMs ?? 0, bytes, 'written')
      await store.put(key, bytes)
      return key
    }),
  )
}

export const ONE_DAY: ReplayRange = { fromMs: START_MS, toMs: START_MS + 24 * HOUR_MS }
const WHOLE_ITEMS: PlanLimits = { mostItemBytes: Number.MAX_SAFE_INTEGER }

/** Plans, works and reports in one thread. */
export async function replay(
  store: ObjectStore,
  rules: readonly CheckedRule[],
  range: ReplayRange = ONE_DAY,
  options: {
    readonly sampleLimit?: number
    readonly limits?: PlanLimits
    readonly mostGatheredSpans?: number
  } = {},
): Promise<ReplayReport> {
  const sampleLimit = options.sampleLimit ?? 1000
  const plan = await planReplay(store, range, options.limits ?? WHOLE_ITEMS)
  const worker = newWorker(store, compileRules(rules), range, sampleLimit)
  const sum = newTally(rules.length)
  for (const item of plan.items) addTally(sum, await workOn(worker, item, options.mostGatheredSpans), sampleLimit)
  return reportOf(range, plan, rules, sum)
}
