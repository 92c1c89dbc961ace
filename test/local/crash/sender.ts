import { encode } from '../../otlp/otlp-proto.ts'

/** Each trace is sent as this number of requests of one span, each span breaking a rule of its own; the last comes late. */
export const SPANS_OF_A_TRACE = 4
/** Traces whose spans share requests. */
export const TRACES_OF_A_REQUEST = 3
/** Connections that send at the same time. */
export const SENDERS = 8

/** What all spans of a sender have. */
export interface Sending {
  readonly url: string
  /** The start of its trace ids. */
  readonly sender: string
  /** Attributes of text. */
  readonly attributes: Readonly<Record<string, string>>
  readonly now: () => number
}

interface Spans {
  readonly traceIds: readonly string[]
  readonly step: number
  readonly broken: boolean
}

const stepOf = (traceId: string, step: number) => `${traceId} STEP_${step}`

/**
 * Sends traces over one connection until the server is gone, as protobuf and JSON by turns; adds what was acknowledged.
 * The last span of each comes when the others may have been judged.
 */
export async function sendTraces(sending: Sending, isGone: () => boolean, acknowledged: Set<string>): Promise<void> {
  let before: readonly string[] | undefined
  const sendStep = async (traceIds: readonly string[], step: number, turn: number) => {
    if (!(await send(sending, { traceIds, step, broken: true }, turn))) return
    for (const traceId of traceIds) acknowledged.add(stepOf(traceId, step))
  }
  for (let turn = 1; !isGone(); turn++) {
    const traceIds = Array.from({ length: TRACES_OF_A_REQUEST }, (_, index) => traceIdOf(sending.sender, turn, index))
    for (let step = 1; step < SPANS_OF_A_TRACE; step++) await sendStep(traceIds, step, turn)
    if (before !== undefined) await sendStep(before, SPANS_OF_A_TRACE, turn)
    before = traceIds
  }
}

/** Sends a trace for each rule that keeps it. */
export async function keepRules(sending: Sending, turn: number): Promise<void> {
  for (let step = 1; step <= SPANS_OF_A_TRACE; step++) {
    await send(sending, { traceIds: [traceIdOf(sending.sender, turn, step)], step, broken: false }, turn)
  }
}

function traceIdOf(sender: string, turn: number, index: number): string {
  return `${sender}${(turn * 10 + index).toString(16).padStart(8, '0')}`.padStart(32, '0')
}

/** Returns whether they were acknowledged. */
async function send(sending: Sending, spans: Spans, turn: number): Promise<boolean> {
  const [type, body] = turn % 2 === 0 ? ['json', jsonBody(sending, spans)] : ['x-protobuf', protobuf(sending, spans)]
  const headers = { 'content-type': `application/${type}` }
  try {
    const response = await fetch(`${sending.url}/v1/traces`, { method: 'POST', headers, body })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    // Killed: what it was sent last may be stored or not.
    return false
  }
}

const SERVICE = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }

function attributesOf({ attributes }: Sending, broken: boolean) {
  const texts = Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }))
  return [...texts, { key: 'broken', value: { boolValue: broken } }]
}

function protobuf(sending: Sending, { traceIds, step, broken }: Spans): Buffer<ArrayBuffer> {
  const nano = String(BigInt(sending.now()) * 1_000_000n)
  const spanId = Buffer.from(step.toString(16).padStart(16, '0'), 'hex')
  const spans = traceIds.map((traceId) => ({
    ...{ traceId: Buffer.from(traceId, 'hex'), spanId, name: `step.${step}` },
    ...{ startTimeUnixNano: nano, endTimeUnixNano: nano, attributes: attributesOf(sending, broken) },
  }))
  return Buffer.from(encode('TracesData', { resourceSpans: [{ resource: SERVICE, scopeSpans: [{ spans }] }] }))
}

function jsonBody(sending: Sending, { traceIds, step, broken }: Spans): string {
  const nano = `${sending.now()}000000`
  const spanId = step.toString(16).padStart(16, '0')
  const attributes = attributesOf(sending, broken)
  const spans = traceIds.map((traceId) => {
    return {
      traceId,
      spanId,
      name: `step.${step}`,
      kind: 1,
      startTimeUnixNano: nano,
      endTimeUnixNano: nano,
      attributes,
    }
  })
  return JSON.stringify({ resourceSpans: [{ resource: SERVICE, scopeSpans: [{ spans }] }] })
}
