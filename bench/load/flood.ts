import { randomBytes } from 'node:crypto'
import { createReadStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip, gzipSync } from 'node:zlib'
import { encode } from '../../test/otlp/otlp-proto.ts'
import { type Served, serveBetrace } from './served.ts'

/** What another client sees while one floods; times in milliseconds. */
export interface FloodResult {
  readonly durationMs: number
  readonly floodAnswers: ReadonlyMap<number, number>
  readonly answers: ReadonlyMap<number, number>
  /** Of its requests, ascending. */
  readonly latenciesMs: readonly number[]
  /** How long after they were due its traces gave their signal, ascending; those that gave none are missing. */
  readonly judgedAfterMs: readonly number[]
}

export const FLOOD_TRACES = 100_000
const FLOOD_KEY = 'the-key-of-one-that-floods'
const SMALL_KEY = 'the-key-of-a-small-client'
const PROBE_RULE = '// Signal: PROBE (low)\ntrace.has(flood.probe)\n'
const QUIET_MS = 1_000
const LONGEST_WAIT_MS = 60_000

/** One client sends a trace a second, another 100,000 traces of one span a request, over and over, four at a time. */
export async function floodServer(durationMs: number): Promise<FloodResult> {
  const folder = mkdtempSync(join(tmpdir(), 'betrace-flood-'))
  const rules = join(folder, 'rules')
  mkdirSync(rules)
  writeFileSync(join(rules, 'probe.rules'), PROBE_RULE)
  const lines = join(folder, 'signals.jsonl')
  const keys = ['--api-key', FLOOD_KEY, '--api-key', SMALL_KEY]
  const options = [rules, '--jsonl', lines, '--max-request-traces', String(FLOOD_TRACES), ...keys]
  const server = await serveBetrace(join(folder, 'data'), options)
  try {
    return await flooded(server, lines, durationMs)
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function flooded({ url }: Served, lines: string, durationMs: number): Promise<FloodResult> {
  const nextBody = floodBodies()
  const endMs = Date.now() + durationMs
  const floodAnswers = new Map<number, number>()
  const flooding = Array.from({ length: 4 }, async () => {
    while (Date.now() < endMs) {
      const status = await post(url, FLOOD_KEY, await nextBody())
      count(floodAnswers, status)
      if (status === 503) await pause(1_000)
    }
  })
  const answers = new Map<number, number>()
  const latenciesMs: number[] = []
  const dueMs = new Map<string, number>()
  const probes: Promise<void>[] = []
  const probe = async () => {
    const traceId = randomBytes(16)
    const sentMs = Date.now()
    const status = await post(url, SMALL_KEY, probeBody(traceId))
    latenciesMs.push(Date.now() - sentMs)
    count(answers, status)
    if (status === 200) dueMs.set(traceId.toString('hex'), Date.now() + QUIET_MS)
  }
  for (; Date.now() < endMs; await pause(1_000)) probes.push(probe())
  await Promise.all([...probes, ...flooding])
  const judgedAfterMs = await signalledAfter(lines, dueMs)
  return { durationMs, floodAnswers, answers, latenciesMs: ascending(latenciesMs), judgedAfterMs }
}

/** Waits until each trace has its signal, or long enough, and says how late they were. */
async function signalledAfter(lines: string, dueMs: ReadonlyMap<string, number>): Promise<readonly number[]> {
  const untilMs = Date.now() + LONGEST_WAIT_MS
  for (;;) {
    const after = new Map<string, number>()
    for await (const line of createInterface({ input: createReadStream(lines) })) {
      const { time, data } = JSON.parse(line)
      const due = dueMs.get(data?.traceId)
      if (due !== undefined) after.set(data.traceId, Date.parse(time) - due)
    }
    if (after.size === dueMs.size || Date.now() > untilMs) return ascending([...after.values()])
    await pause(500)
  }
}

const ascending = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)

function count(counts: Map<number, number>, status: number): void {
  counts.set(status, (counts.get(status) ?? 0) + 1)
}

const compress = promisify(gzip)

/** Bodies of one span each of many traces, which have other ids each time. Little work, for this process measures too. */
function floodBodies(): () => Promise<Buffer> {
  const spans = Array.from({ length: FLOOD_TRACES }, (_, index) => {
    const traceId = Buffer.alloc(16, MARK)
    traceId.writeUInt32BE(index + 1, 12)
    return { traceId, spanId: Buffer.alloc(8, 1), name: 'a' }
  })
  const template = Buffer.from(encode('TracesData', { resourceSpans: [{ scopeSpans: [{ spans }] }] }))
  const first = template.indexOf(MARK)
  const stride = template.indexOf(MARK, first + MARK.length + 4) - first
  let floods = 0
  return () => {
    const body = Buffer.from(template)
    floods++
    for (let at = first; at < body.length; at += stride) body.writeUInt32BE(floods, at)
    return compress(body)
  }
}

/** The start of trace ids of a template. */
const MARK = Buffer.alloc(12, 0xfe)

function probeBody(traceId: Buffer): Buffer {
  const nowNano = String(BigInt(Date.now()) * 1_000_000n)
  const times = { startTimeUnixNano: nowNano, endTimeUnixNano: nowNano }
  const spans = [{ traceId, spanId: Buffer.alloc(8, 1), name: 'flood.probe', ...times }]
  return gzipSync(encode('TracesData', { resourceSpans: [{ scopeSpans: [{ spans }] }] }))
}

/** A connection a request, so that none is closed for its age while it is used. */
const agent = new Agent()

/** The status of the answer; 0 where the connection failed. */
function post(url: string, key: string, body: Buffer): Promise<number> {
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip', 'x-api-key': key }
  return new Promise((resolve) => {
    const sending = request(`${url}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0))
    })
    sending.on('error', () => resolve(0))
    sending.end(body)
  })
}
