import { INGEST_OPTIONS, type IngestDeps, ingest } from '../../shared/pipeline/ingest.ts'
import type { AttributeValue, Span } from '../../shared/trace/span.ts'
import { decode, decodeTraces, type OracleSpan, type OracleTraces } from '../otlp/otlp-proto.ts'
import { MemoryBuffer } from '../pipeline/memory-stores.ts'
import { assembled, checkJudged, rowsOf } from './stored-traces.ts'
import { type Bounds, violate } from './target.ts'

/** The fixed cost of the archive's columns and the rules, however small a body is. */
export const OTLP_BOUNDS: Bounds = {
  ms: (bytes) => 300 + bytes / 20,
  allocatedBytes: (bytes) => 48 * 1024 * 1024 + 200 * bytes,
}

/** What became of a body. */
interface Answered {
  readonly status: number
  readonly rejected: number
  readonly buffer: MemoryBuffer
}

/** Sends a body through the front door; the answer must be one that OTLP/HTTP allows, in the format of the request. */
export async function send(body: Uint8Array, mediaType: string, deps: Partial<IngestDeps> = {}): Promise<Answered> {
  const buffer = new MemoryBuffer()
  const headers = { 'content-type': mediaType }
  const {
    status,
    headers: answered,
    body: answer,
  } = await ingest(
    { method: 'POST', headers, body },
    {
      buffer,
      clock: () => 1_700_000_000_000,
      metrics: { add: () => {}, observe: () => {} },
      options: INGEST_OPTIONS,
      onStorageFailure: (error) => violate(`stored nothing: ${String(error)}`),
      ...deps,
    },
  )
  if (![200, 400, 413].includes(status)) violate(`answered ${status}`)
  if (answered['content-type'] !== mediaType) violate(`answered as ${answered['content-type']}`)
  return { status, rejected: rejectedIn(status, answer, mediaType === 'application/json'), buffer }
}

/** Decodes an answer; returns how many spans it says were rejected. */
export function rejectedIn(status: number, answer: Uint8Array, isJson: boolean): number {
  const name = status === 200 ? 'ExportResponse' : 'RpcStatus'
  const told = (isJson ? JSON.parse(Buffer.from(answer).toString()) : decode(name, answer)) as {
    readonly partialSuccess?: { readonly rejectedSpans?: string; readonly errorMessage?: string }
    readonly message?: string
  }
  if (status === 200) return Number(told.partialSuccess?.rejectedSpans ?? 0)
  if (typeof told.message !== 'string' || told.message === '') violate(`answered ${status} without a reason`)
  if (/\p{Cc}/u.test(told.message)) violate('the reason holds control characters')
  return 0
}

export function storedSpans({ chunks }: MemoryBuffer): number {
  return [...chunks.values()].flatMap((trace) => [...trace.values()]).reduce((sum, { spanCount }) => sum + spanCount, 0)
}

/** What was accepted can be judged, archived and replayed, and reads as protobufjs reads the body. */
export async function checkAccepted(
  buffer: MemoryBuffer,
  rejected: number,
  sent: OracleTraces | undefined,
): Promise<void> {
  await checkJudged(buffer)
  if (sent === undefined) return
  const spans = spansIn(sent)
  const stored = storedSpans(buffer)
  if (stored + rejected !== spans.length) {
    violate(`stored ${stored} spans and rejected ${rejected} of ${spans.length} that were sent`)
  }
  const wrong = spans.filter((span) => !isAcceptable(span)).length
  if (rejected !== wrong) violate(`rejected ${rejected} spans where the ids of ${wrong} are wrong`)
  const byTrace = Map.groupBy(spans, ({ traceId }) => Buffer.from(traceId ?? []).toString('hex'))
  for (const traceId of buffer.chunks.keys()) {
    const known = new Set((byTrace.get(traceId) ?? []).map(contentOfOracle))
    const rows = rowsOf(buffer, traceId)
    for (const [index, span] of assembled(buffer, traceId).spans.entries()) {
      const content = contentOf(span)
      // If a value is given twice the last counts, where protobuf would merge both; such a span is kept as it came.
      if (!known.has(content) && rows[index]?.otlp === null)
        violate(`a span reads otherwise than sent\nours  ${content}\nsent  ${[...known].join('\n      ')}`)
    }
  }
}

function isAcceptable({ traceId = NO_ID, spanId = NO_ID, parentSpanId = NO_ID }: OracleSpan): boolean {
  const isSet = (id: ArrayLike<number>, length: number) => id.length === length && Array.from(id).some(Boolean)
  return isSet(traceId, 16) && isSet(spanId, 8) && (parentSpanId.length === 0 || parentSpanId.length === 8)
}

const NO_ID = new Uint8Array(0)

export function spansIn({ resourceSpans = [] }: OracleTraces): readonly OracleSpan[] {
  return resourceSpans.flatMap(({ scopeSpans = [] }) => scopeSpans.flatMap(({ spans = [] }) => spans))
}

/** The body as protobufjs reads it; undefined where it does not. */
export function oracleOf(body: Uint8Array): OracleTraces | undefined {
  try {
    return decodeTraces(body)
  } catch {
    return undefined
  }
}

function contentOf(span: Span): string {
  const { spanId, parentSpanId, name, kind, startUnixNano, endUnixNano, statusCode } = span
  const attributes = span.attributes.entries().map(([key, value]) => [key, plain(value)])
  return JSON.stringify([
    spanId,
    parentSpanId,
    name,
    kind,
    `${startUnixNano}`,
    `${endUnixNano}`,
    statusCode,
    attributes,
  ])
}

function plain(value: AttributeValue): unknown {
  if (value === null) return {}
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'bigint') return { number: String(value) }
  if (typeof value === 'number') return { number: Object.is(value, -0) ? '0' : String(value) }
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('hex') }
  if (value instanceof Map) return { kvlist: [...value].map(([key, item]) => [key, plain(item)]) }
  return { array: (value as readonly AttributeValue[]).map(plain) }
}

interface OracleValue {
  readonly intValue?: string
  readonly doubleValue?: number
  readonly bytesValue?: readonly number[]
  readonly arrayValue?: { readonly values?: readonly OracleValue[] }
  readonly kvlistValue?: { readonly values?: readonly OracleKeyValue[] }
}

interface OracleKeyValue {
  readonly key?: string
  readonly value?: OracleValue
}

function contentOfOracle(span: OracleSpan): string {
  const hex = (id: unknown) => Buffer.from((id ?? []) as number[]).toString('hex')
  const parent = hex(span.parentSpanId)
  const { name = '', kind = 0, startTimeUnixNano = '0', endTimeUnixNano = '0', status } = span
  const code = (status as { readonly code?: number } | undefined)?.code ?? 0
  const attributes = ((span.attributes ?? []) as readonly OracleKeyValue[]).map(plainOfOracle)
  const parentId = parent === '0'.repeat(16) ? '' : parent
  return JSON.stringify([hex(span.spanId), parentId, name, kind, startTimeUnixNano, endTimeUnixNano, code, attributes])
}

function plainOfOracle({ key = '', value = {} }: OracleKeyValue): [string, unknown] {
  return [key, plainValue(value)]
}

function plainValue(value: OracleValue): unknown {
  if (value.intValue !== undefined) return { number: value.intValue }
  if (value.doubleValue !== undefined) return { number: String(value.doubleValue) }
  if (value.bytesValue !== undefined) return { bytesValue: Buffer.from(value.bytesValue).toString('hex') }
  if (value.arrayValue !== undefined) return { array: (value.arrayValue.values ?? []).map(plainValue) }
  if (value.kvlistValue === undefined) return value
  const firsts = new Map<string, unknown>()
  for (const [key, item] of (value.kvlistValue.values ?? []).map(plainOfOracle)) {
    if (!firsts.has(key)) firsts.set(key, item)
  }
  return { kvlist: [...firsts] }
}
