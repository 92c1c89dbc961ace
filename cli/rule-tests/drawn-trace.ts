import { convertJson } from '../../shared/otlp/json.ts'
import { splitByTrace } from '../../shared/otlp/split.ts'
import { assembleTrace } from '../../shared/trace/assemble.ts'
import type { Trace } from '../../shared/trace/span.ts'
import type { DrawnEvent, DrawnSpan, KeyValue } from './span-line.ts'

/** 2026-01-01T00:00:00Z: every drawn trace starts then, so that a test says the same on every run. */
const START_UNIX_NANO = 1_767_225_600_000_000_000n
const LEAF_NANOS = 1_000_000n
/** What OTLP's fixed64 times hold, and SQLite's signed ones. */
const MAX_UNIX_NANO = 2n ** 63n - 1n
const TRACE_ID = 'b'.repeat(32)
const DEFAULT_SERVICE = 'test'

/** A span with its place in time; nanoseconds from the start of the trace. */
interface PlacedSpan {
  readonly drawn: DrawnSpan
  readonly spanId: string
  readonly parentSpanId: string
  readonly resource: Resource
  readonly startNanos: bigint
  readonly endNanos: bigint
}

type Resource = ReadonlyMap<string, KeyValue[1]>

/**
 * The trace that a drawing shows, made as live ones are: OTLP bytes, split by trace and assembled. Undefined where it
 * would last longer than OTLP's times reach.
 */
export function drawnTrace(roots: readonly DrawnSpan[]): Trace | undefined {
  const placed: PlacedSpan[] = []
  placeAll(roots, { startNanos: 0n, parentSpanId: '', resource: resourceOf(DEFAULT_SERVICE) }, placed)
  if (placed.some(({ endNanos }) => START_UNIX_NANO + endNanos > MAX_UNIX_NANO)) return undefined
  const request = { resourceSpans: [...byResource(placed)].map(([resource, spans]) => resourceSpans(resource, spans)) }
  const { chunks } = splitByTrace(convertJson(Buffer.from(JSON.stringify(request))).bytes)
  return assembleTrace(
    TRACE_ID,
    chunks.map(({ bytes }) => bytes),
  )
}

interface Under {
  readonly startNanos: bigint
  readonly parentSpanId: string
  readonly resource: Resource
}

/** Places siblings one after the other and says when the last of them ends. */
function placeAll(siblings: readonly DrawnSpan[], under: Under, placed: PlacedSpan[]): bigint {
  let nextNanos = under.startNanos
  let lastEndNanos = under.startNanos
  for (const drawn of siblings) {
    for (let time = 0; time < drawn.times; time += 1) {
      nextNanos = place(drawn, { ...under, startNanos: drawn.startNanos ?? nextNanos }, placed)
      if (nextNanos > lastEndNanos) lastEndNanos = nextNanos
    }
  }
  return lastEndNanos
}

function place(drawn: DrawnSpan, { startNanos, parentSpanId, resource: above }: Under, placed: PlacedSpan[]): bigint {
  const index = placed.length
  const spanId = (index + 1).toString(16).padStart(16, '0')
  const base = drawn.service === undefined ? above : resourceOf(drawn.service)
  const resource = drawn.resource.length === 0 ? base : new Map([...base, ...drawn.resource])
  // Taken before its children, so that ids follow the lines of the drawing.
  placed.push({ drawn, spanId, parentSpanId, resource, startNanos, endNanos: startNanos })
  const childrenEndNanos = placeAll(drawn.children, { startNanos, parentSpanId: spanId, resource }, placed)
  const least = drawn.children.length === 0 ? startNanos + LEAF_NANOS : childrenEndNanos
  const endNanos = drawn.durationNanos === undefined ? least : startNanos + drawn.durationNanos
  placed[index] = { ...(placed[index] as PlacedSpan), endNanos }
  return endNanos
}

function resourceOf(service: string): Resource {
  return new Map([['service.name', { stringValue: service }]])
}

/** Spans of one resource together. */
function byResource(placed: readonly PlacedSpan[]): ReadonlyMap<Resource, readonly PlacedSpan[]> {
  const groups = new Map<Resource, PlacedSpan[]>()
  for (const span of placed) {
    const group = groups.get(span.resource)
    if (group === undefined) groups.set(span.resource, [span])
    else group.push(span)
  }
  return groups
}

function resourceSpans(resource: Resource, spans: readonly PlacedSpan[]) {
  return {
    resource: { attributes: [...resource].map(keyValue) },
    scopeSpans: [{ scope: { name: 'betrace.test' }, spans: spans.map(otlpSpan) }],
  }
}

function otlpSpan({ drawn, spanId, parentSpanId, startNanos, endNanos }: PlacedSpan) {
  return {
    traceId: TRACE_ID,
    spanId,
    parentSpanId,
    name: drawn.name,
    kind: drawn.kind,
    startTimeUnixNano: String(START_UNIX_NANO + startNanos),
    endTimeUnixNano: String(START_UNIX_NANO + endNanos),
    attributes: drawn.attributes.map(keyValue),
    events: drawn.events.map((event) => otlpEvent(event, startNanos)),
    status: { code: drawn.statusCode, message: drawn.statusMessage },
  }
}

function otlpEvent({ name, timeNanos, attributes }: DrawnEvent, spanStartNanos: bigint) {
  const nanos = timeNanos ?? spanStartNanos
  return { name, timeUnixNano: String(START_UNIX_NANO + nanos), attributes: attributes.map(keyValue) }
}

function keyValue([key, value]: KeyValue) {
  return { key, value }
}
