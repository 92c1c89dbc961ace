import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { Bodies } from './bodies.ts'

export interface DriveOptions {
  /** `http://host:port` of an OTLP/HTTP receiver. */
  readonly url: string
  readonly bodies: Bodies
  readonly connections: number
  readonly durationMs: number
  /**
   * Requests a second, spread evenly; latency then counts from when a request was due, so that a slow server cannot hide
   * its queue. Without it each connection sends its next as soon as it has its answer.
   */
  readonly requestsPerSecond?: number
  readonly onProgress?: (elapsedMs: number) => void
}

/** The result; latencies in milliseconds, ascending, of requests answered with 200. */
export interface DriveResult {
  readonly durationMs: number
  /** Answers by HTTP status; `error` where the connection failed. */
  readonly statuses: ReadonlyMap<number | 'error', number>
  readonly acceptedSpans: number
  readonly latenciesMs: Float64Array
  /** Answers of 503 that did not say when to come back. */
  readonly withoutRetryAfter: number
}

/** Sends bodies over keep-alive connections for a time and tells what was answered. */
export async function drive(options: DriveOptions): Promise<DriveResult> {
  const { connections, durationMs, bodies, requestsPerSecond } = options
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const statuses = new Map<number | 'error', number>()
  const latencies: number[] = []
  let withoutRetryAfter = 0
  let acceptedSpans = 0
  const startedMs = performance.now()
  const endMs = startedMs + durationMs
  let sent = 0
  const connection = async () => {
    for (;;) {
      const number = sent++
      const dueMs =
        requestsPerSecond === undefined ? performance.now() : startedMs + (number * 1000) / requestsPerSecond
      if (dueMs >= endMs || performance.now() >= endMs) return
      if (dueMs > performance.now()) await pause(dueMs - performance.now())
      const { body, spans } = bodies.next(Date.now())
      const { status, retryAfter } = await post(options.url, body, agent)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status === 200) {
        latencies.push(performance.now() - dueMs)
        acceptedSpans += spans
      }
      if (status === 503 && retryAfter === undefined) withoutRetryAfter++
    }
  }
  const ticking = setInterval(() => options.onProgress?.(performance.now() - startedMs), 1000)
  await Promise.all(Array.from({ length: connections }, connection))
  clearInterval(ticking)
  agent.destroy()
  return {
    durationMs: performance.now() - startedMs,
    statuses,
    acceptedSpans,
    latenciesMs: Float64Array.from(latencies).sort(),
    withoutRetryAfter,
  }
}

/** Several results, one after the other, as one. */
export function together(results: readonly DriveResult[]): DriveResult {
  const sum = (of: (result: DriveResult) => number) => results.reduce((total, result) => total + of(result), 0)
  const statuses = new Map<number | 'error', number>()
  for (const [status, count] of results.flatMap((result) => [...result.statuses])) {
    statuses.set(status, (statuses.get(status) ?? 0) + count)
  }
  return {
    durationMs: sum(({ durationMs }) => durationMs),
    statuses,
    acceptedSpans: sum(({ acceptedSpans }) => acceptedSpans),
    latenciesMs: Float64Array.from(results.flatMap(({ latenciesMs }) => [...latenciesMs])).sort(),
    withoutRetryAfter: sum(({ withoutRetryAfter }) => withoutRetryAfter),
  }
}

interface Answer {
  readonly status: number | 'error'
  readonly retryAfter?: string | undefined
}

async function post(url: string, body: Buffer, agent: Agent): Promise<Answer> {
  try {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
    const sending = request(`${url}/v1/traces`, { method: 'POST', agent, headers })
    sending.end(body)
    const [response] = await once(sending, 'response')
    response.resume()
    await once(response, 'end')
    return { status: response.statusCode, retryAfter: response.headers['retry-after'] }
  } catch {
    return { status: 'error' }
  }
}

/** The latency that the given share of requests did not exceed, in milliseconds. */
export function percentileMs({ latenciesMs }: DriveResult, share: number): number {
  return latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(latenciesMs.length * share))] ?? Number.NaN
}
