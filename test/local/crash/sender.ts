import { tracesData } from '../../pipeline/traces.ts'

/** Each trace is sent as this number of requests of one span, each span breaking a rule of its own; the last comes late. */
export const SPANS_OF_A_TRACE = 4
/** Traces whose spans share requests. */
export const TRACES_OF_A_REQUEST = 3
/** Connections that send at the same time. */
export const SENDERS = 8

const stepOf = (traceId: string, step: number) => `${traceId} STEP_${step}`

/**
 * Sends traces over one connection until the server is gone, as protobuf and JSON by turns; adds what was acknowledged.
 * The last span of each comes when the others may have been judged.
 */
export async function sendTraces(
  url: string,
  sender: string,
  isGone: () => boolean,
  acknowledged: Set<string>,
): Promise<void> {
  let before: readonly string[] | undefined
  for (let turn = 1; !isGone(); turn++) {
    const traceIds = Array.from({ length: TRACES_OF_A_REQUEST }, (_, index) => traceIdOf(sender, turn, index))
    for (let step = 1; step < SPANS_OF_A_TRACE; step++) await send(url, traceIds, step, turn, acknowledged)
    if (before !== undefined) await send(url, before, SPANS_OF_A_TRACE, turn, acknowledged)
    before = traceIds
  }
}

function traceIdOf(sender: string, turn: number, index: number): string {
  return `${sender}${(turn * 10 + index).toString(16).padStart(8, '0')}`.padStart(32, '0')
}

async function send(
  url: string,
  traceIds: readonly string[],
  step: number,
  turn: number,
  acknowledged: Set<string>,
): Promise<void> {
  const [type, body] =
    turn % 2 === 0 ? ['json', jsonBody(traceIds, step)] : ['x-protobuf', protobufBody(traceIds, step)]
  const headers = { 'content-type': `application/${type}` }
  try {
    const response = await fetch(`${url}/v1/traces`, { method: 'POST', headers, body })
    await response.arrayBuffer()
    if (response.status === 200) for (const traceId of traceIds) acknowledged.add(stepOf(traceId, step))
  } catch {
    // Killed: what it was sent last may be stored or not.
  }
}

/** Messages one after the other are one message. */
function protobufBody(traceIds: readonly string[], step: number): Buffer<ArrayBuffer> {
  const span = { name: `step.${step}`, id: step, startMs: Date.now() }
  return Buffer.concat(traceIds.map((traceId) => tracesData([span], traceId)))
}

function jsonBody(traceIds: readonly string[], step: number): string {
  const nano = `${Date.now()}000000`
  const spanId = step.toString(16).padStart(16, '0')
  const spans = traceIds.map((traceId) => {
    return { traceId, spanId, name: `step.${step}`, kind: 1, startTimeUnixNano: nano, endTimeUnixNano: nano }
  })
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] })
}
