import { decode } from '../../otlp/otlp-proto.ts'
import { count } from './faults.ts'
import type { OtlpRequest } from './request.ts'
import type { World } from './world.ts'

/** Attempts an SDK makes here before the soak says that the front door is broken. */
const MOST_ATTEMPTS = 40

/**
 * Sends as an SDK does, again and again until the answer says that its spans are stored; returns how many were refused for
 * good. An invocation that is killed is a 503 to the client, as the gateway's mapping has it.
 */
export async function sendUntilStored(world: World, { headers, body }: OtlpRequest): Promise<number> {
  const event = { httpMethod: 'POST', headers, body: body.toString('base64'), isBase64Encoded: true }
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
    const answer = await world.ingest.invoke(event).catch(() => undefined)
    if (answer?.statusCode === 200)
      return rejectedSpans(headers['content-type'] ?? '', Buffer.from(answer.body, 'base64'))
    if (answer !== undefined && (answer.statusCode !== 503 || answer.headers['retry-after'] === undefined)) {
      throw new Error(`a request was answered with ${answer.statusCode} ${JSON.stringify(answer.headers)}`)
    }
    count(world.counts, 'requests sent again')
  }
  throw new Error(`a request was not stored in ${MOST_ATTEMPTS} attempts`)
}

function rejectedSpans(type: string, body: Buffer): number {
  if (type.includes('json')) return Number(JSON.parse(body.toString()).partialSuccess?.rejectedSpans ?? 0)
  const answer = decode('ExportResponse', body) as { readonly partialSuccess?: { readonly rejectedSpans?: string } }
  return Number(answer.partialSuccess?.rejectedSpans ?? 0)
}
