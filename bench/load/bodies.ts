import { randomFillSync } from 'node:crypto'
import { namedTraces } from '../../cli/trace-files.ts'
import { type CollectedTraces, collectTraces } from '../../cli/traces.ts'
import { EVENT, SPAN } from '../../shared/otlp/fields.ts'
import { walkSpans } from '../../shared/otlp/layout.ts'
import { splitByTrace } from '../../shared/otlp/split.ts'
import { BYTES, type Cursor, FIXED64, readEnd, readTag, skipValue } from '../../shared/otlp/wire.ts'
import { encode } from '../../test/otlp/otlp-proto.ts'
import { shopRequests, type Traffic } from '../traffic.ts'

/** Requests to be sent again and again, each time as new traces that start at another moment. */
export interface Bodies {
  /** Of a request, on average. */
  readonly spansOfARequest: number
  /** A body of its own: fresh trace ids, its first span started at `startMs`, in milliseconds since 1970. */
  next(startMs: number): { readonly body: Buffer; readonly spans: number }
}

interface Template {
  readonly body: Buffer
  readonly spans: number
  /** Where the bytes of trace ids stand, a list a trace. */
  readonly traceIds: readonly (readonly number[])[]
  /** Where times stand, and how long after the first of the body they are. */
  readonly times: readonly { readonly at: number; readonly nanos: bigint }[]
}

/** The shop's spans as a Collector sends them: whole traces, the parts of each service together. */
export function shopBodies(traffic: Omit<Traffic, 'sender'>): Bodies {
  const requests = shopRequests({ ...traffic, sender: 'collector' })
  return bodiesOf(requests.map((request) => Buffer.from(encode('TracesData', request))))
}

/** The traces of files (OTLP as JSON or protobuf), about `spansPerRequest` spans a request; throws if the files hold no trace. */
export async function recordedBodies(files: readonly string[], spansOfARequest: number): Promise<Bodies> {
  const { traces } = await readFiles(files)
  const requests: Buffer[] = []
  let parts: Uint8Array[] = []
  let spans = 0
  for (const { chunks } of traces) {
    parts.push(...chunks)
    spans += chunks.reduce((sum, chunk) => sum + splitByTrace(chunk).spanCount, 0)
    if (spans < spansOfARequest) continue
    // Serialized messages one after the other are one message.
    requests.push(Buffer.concat(parts))
    parts = []
    spans = 0
  }
  if (parts.length > 0) requests.push(Buffer.concat(parts))
  if (requests.length === 0) throw new Error(`no spans in ${files.join(', ')}`)
  return bodiesOf(requests)
}

function readFiles(files: readonly string[]): Promise<CollectedTraces> {
  const onProblem = (problem: string) => console.error(problem)
  return collectTraces({ files, open: namedTraces(process.stdin), onProblem, onProgress: () => {} })
}

function bodiesOf(requests: readonly Buffer[]): Bodies {
  const templates = requests.map(templateOf)
  let turn = 0
  return {
    spansOfARequest: templates.reduce((sum, { spans }) => sum + spans, 0) / templates.length,
    next(startMs) {
      const template = templates[turn++ % templates.length] as Template
      return { body: stamp(template, BigInt(Math.floor(startMs)) * 1_000_000n), spans: template.spans }
    },
  }
}

function stamp({ body, traceIds, times }: Template, startNano: bigint): Buffer {
  const copy = Buffer.from(body)
  for (const [first = 0, ...others] of traceIds) {
    randomFillSync(copy, first, TRACE_ID_BYTES)
    for (const at of others) copy.copy(copy, at, first, first + TRACE_ID_BYTES)
  }
  for (const { at, nanos } of times) copy.writeBigUInt64LE(startNano + nanos, at)
  return copy
}

const TRACE_ID_BYTES = 16
const TRACE_ID = (SPAN.traceId << 3) | BYTES
const START = (SPAN.startTimeUnixNano << 3) | FIXED64
const END = (SPAN.endTimeUnixNano << 3) | FIXED64
const EVENTS = (SPAN.events << 3) | BYTES
const EVENT_TIME = (EVENT.timeUnixNano << 3) | FIXED64

/** Finds what changes from sending to sending. */
function templateOf(body: Buffer): Template {
  const traceIds = new Map<string, number[]>()
  const times: number[] = []
  let spans = 0
  walkSpans(body, (cursor, end) => {
    spans++
    walkFields(cursor, end, (tag, at, stop) => {
      if (tag === TRACE_ID) {
        const traceId = body.toString('hex', at, at + TRACE_ID_BYTES)
        traceIds.set(traceId, [...(traceIds.get(traceId) ?? []), at])
      } else if (tag === START || tag === END) times.push(at)
      else if (tag === EVENTS) {
        walkFields({ bytes: body, pos: at }, stop, (eventTag, place) => {
          if (eventTag === EVENT_TIME) times.push(place)
        })
      }
    })
  })
  const known = times.map((at) => ({ at, nanos: body.readBigUInt64LE(at) })).filter(({ nanos }) => nanos > 0n)
  const [first = 0n] = known.map(({ nanos }) => nanos).sort((a, b) => (a < b ? -1 : 1))
  return {
    body,
    spans,
    traceIds: [...traceIds.values()],
    times: known.map(({ at, nanos }) => ({ at, nanos: nanos - first })),
  }
}

/** Visits the fields from `pos` to `end` with their tag and where their content starts. */
function walkFields(cursor: Cursor, end: number, visit: (tag: number, at: number, end: number) => void): void {
  while (cursor.pos < end) {
    const tag = readTag(cursor, end)
    const start = cursor.pos
    const isMessage = (tag & 7) === BYTES
    const contentEnd = isMessage ? readEnd(cursor, end) : start
    visit(tag, cursor.pos, contentEnd)
    if (isMessage) cursor.pos = contentEnd
    else skipValue(cursor, end, tag)
  }
}
