import { randomFillSync } from 'node:crypto'
import { encode } from '../../test/otlp/otlp-proto.ts'
import { START_NANO, shopRequests, type Traffic } from '../traffic.ts'

/** Requests to be sent again and again, each time as new traces that start at another moment. */
export interface Bodies {
  readonly spansOfARequest: number
  /** A body of its own: fresh trace ids, its first span started at `startMs`, in milliseconds since 1970. */
  next(startMs: number): Buffer
}

interface Template {
  readonly body: Buffer
  /** Where the bytes of trace ids stand, a list a trace. */
  readonly traceIds: readonly (readonly number[])[]
  /** Where times stand, and how long after the first of the body they are. */
  readonly times: readonly { readonly at: number; readonly nanos: number }[]
}

/** The shop's spans as a Collector sends them: whole traces, the parts of each service together. */
export function shopBodies(traffic: Omit<Traffic, 'sender'>): Bodies {
  const templates = shopRequests({ ...traffic, sender: 'collector' }).map(templateOf)
  let turn = 0
  return {
    spansOfARequest: traffic.spansOfARequest,
    next(startMs) {
      const template = templates[turn++ % templates.length] as Template
      return stamp(template, BigInt(Math.floor(startMs)) * 1_000_000n)
    },
  }
}

function stamp({ body, traceIds, times }: Template, startNano: bigint): Buffer {
  const copy = Buffer.from(body)
  for (const [first = 0, ...others] of traceIds) {
    randomFillSync(copy, first, TRACE_ID_BYTES)
    for (const at of others) copy.copy(copy, at, first, first + TRACE_ID_BYTES)
  }
  for (const { at, nanos } of times) copy.writeBigUInt64LE(startNano + BigInt(nanos), at)
  return copy
}

const TRACE_ID_BYTES = 16
/** Tag and length of Span.trace_id. */
const TRACE_ID_HEAD = Buffer.from([0x0a, TRACE_ID_BYTES])
/** Tags of Span.start_time_unix_nano, Span.end_time_unix_nano and Event.time_unix_nano. */
const TIME_TAGS = new Set([0x39, 0x41, 0x09])
const HOUR_NANOS = 3_600_000_000_000

/** Finds what changes from sending to sending by its bytes: no other part of the shop's spans looks like them. */
function templateOf(request: object): Template {
  const body = Buffer.from(encode('TracesData', request))
  const traceIds = new Map<string, number[]>()
  const known = new Set(traceIdsOf(request))
  for (let at = body.indexOf(TRACE_ID_HEAD); at >= 0; at = body.indexOf(TRACE_ID_HEAD, at + 1)) {
    const start = at + TRACE_ID_HEAD.length
    const traceId = body.toString('hex', start, start + TRACE_ID_BYTES)
    if (!known.has(traceId)) continue
    traceIds.set(traceId, [...(traceIds.get(traceId) ?? []), start])
  }
  const times: { at: number; nanos: number }[] = []
  for (let at = 0; at + 9 <= body.length; at++) {
    if (!TIME_TAGS.has(body[at] as number)) continue
    const nanos = Number(body.readBigUInt64LE(at + 1) - START_NANO)
    if (nanos >= 0 && nanos < HOUR_NANOS) times.push({ at: at + 1, nanos })
  }
  const first = Math.min(...times.map(({ nanos }) => nanos))
  return { body, traceIds: [...traceIds.values()], times: times.map(({ at, nanos }) => ({ at, nanos: nanos - first })) }
}

function traceIdsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(traceIdsOf)
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return []
  return Object.entries(value).flatMap(([key, part]) =>
    key === 'traceId' && Buffer.isBuffer(part) ? [part.toString('hex')] : traceIdsOf(part),
  )
}
