import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { Chunk } from '../shared/pipeline/chunk.ts'
import type { Evaluator } from '../shared/pipeline/evaluator.ts'
import { NO_EXPERIMENTS } from '../shared/pipeline/experiment-calendar.ts'
import { INGEST_OPTIONS, ingest } from '../shared/pipeline/ingest.ts'
import { ruleSetOf } from '../shared/pipeline/rule-set.ts'
import { judgingSettings } from '../shared/pipeline/settings.ts'
import { handleTimers } from '../shared/pipeline/timers.ts'
import { isRuleFileName } from '../shared/rules/read.ts'
import { chunkItems } from '../shared/stores/buffer-items.ts'
import { DynamoTraceBuffer } from '../shared/stores/dynamo-buffer.ts'
import { DynamoStormLedger } from '../shared/stores/dynamo-storms.ts'
import { createBufferTable, startDynalite } from '../test/aws/emulators.ts'
import { encode } from '../test/otlp/otlp-proto.ts'
import { shopRequests, type Traffic } from './traffic.ts'

/** What went through the pipeline, and what it took; the units are what the emulator says DynamoDB would bill. */
export interface Usage {
  readonly spans: number
  readonly traces: number
  readonly requests: number
  readonly chunks: number
  readonly signals: number
  readonly ingestWriteUnits: number
  readonly judgeWriteUnits: number
  readonly judgeReadUnits: number
  /** Bytes of all chunks in the table, and gzipped in the archive. */
  readonly tableBytes: number
  readonly archiveBytes: number
  readonly ingestCpuMs: number
  readonly judgeCpuMs: number
}

interface Units {
  writes: number
  reads: number
}

type DynamoClient = Awaited<ReturnType<typeof startDynalite>>['client']

/** Sends the traffic through the real ingest, table code and evaluator with the rules that ship. */
export async function measureUsage(traffic: Traffic): Promise<Usage> {
  const running = await startDynalite()
  try {
    await createBufferTable(running.client, 'buffer')
    return await usageOf(traffic, running.client)
  } finally {
    await running.stop()
  }
}

async function usageOf(traffic: Traffic, client: DynamoClient): Promise<Usage> {
  const units = countUnits(client)
  const pause = async () => {}
  const table = { client, name: 'buffer', backoff: { attempts: 9, firstWaitMs: 1, pause } }
  const buffer = new DynamoTraceBuffer(table, Date.now)
  const stored: Chunk[] = []
  const append = (chunks: readonly Chunk[]) => {
    stored.push(...chunks)
    return buffer.append(chunks)
  }
  const { traces, spansOfATrace } = traffic
  const requests = shopRequests(traffic).map((each) => encode('TracesData', each))
  const ingestCpuMs = await cpuMs(() => sendAll(requests, append))
  const ingested = { ...units }
  const counts = { signals: 0, archiveBytes: 0 }
  const e = evaluatorOver(buffer, new DynamoStormLedger(table, Date.now), counts)
  const judgeCpuMs = await cpuMs(() => judgeAll(e, stored))
  return {
    spans: traces * spansOfATrace,
    traces,
    requests: requests.length,
    chunks: stored.length,
    signals: counts.signals,
    ingestWriteUnits: ingested.writes,
    judgeWriteUnits: units.writes - ingested.writes,
    judgeReadUnits: units.reads - ingested.reads,
    tableBytes: stored.reduce((sum, chunk) => sum + billedBytes(chunk), 0),
    archiveBytes: counts.archiveBytes,
    ingestCpuMs,
    judgeCpuMs,
  }
}

/** DynamoDB bills storage with 100 bytes for each item; names and keys are about 90 more. */
function billedBytes(chunk: Chunk): number {
  const { head, parts } = chunkItems(chunk)
  return [head, ...parts].reduce((sum, item) => sum + (item.p?.B?.length ?? 0) + 190, 0)
}

/** Has each request tell its capacity, and adds it up. */
function countUnits(client: DynamoClient): Units {
  const units = { writes: 0, reads: 0 }
  client.middlewareStack.add(
    (next, context) => async (args) => {
      Object.assign(args.input, { ReturnConsumedCapacity: 'TOTAL' })
      const result = await next(args)
      const { ConsumedCapacity } = result.output as { ConsumedCapacity?: object | readonly object[] }
      const all = [ConsumedCapacity ?? []].flat() as readonly { readonly CapacityUnits?: number }[]
      const kind = /Get|Query/.test(String(context.commandName)) ? 'reads' : 'writes'
      units[kind] += all.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0)
      return result
    },
    { step: 'initialize' },
  )
  return units
}

async function sendAll(requests: readonly Uint8Array[], append: DynamoTraceBuffer['append']): Promise<void> {
  const metrics = { add: () => {}, observe: () => {} }
  const fail = (error: unknown) => {
    throw error
  }
  const deps = { buffer: { append }, clock: Date.now, metrics, options: INGEST_OPTIONS, onStorageFailure: fail }
  const headers = { 'content-type': 'application/x-protobuf' }
  for (const body of requests) {
    const { status } = await ingest({ method: 'POST', headers, body: Buffer.from(body) }, deps)
    if (status !== 200) throw new Error(`ingest answered ${status}`)
  }
}

async function judgeAll(e: Evaluator, chunks: readonly Chunk[]): Promise<void> {
  const timers = [...Map.groupBy(chunks, ({ traceId }) => traceId)].map(([traceId, group]) => {
    return { kind: 'trace', traceId, chunkKeys: group.map(({ key }) => key), dueAtMs: 0, attempt: 0 } as const
  })
  const undone = await handleTimers(e, timers)
  if (undone.length > 0) throw new Error(`${undone.length} traces could not be judged`)
}

function evaluatorOver(
  buffer: DynamoTraceBuffer,
  storms: DynamoStormLedger,
  counts: { signals: number; archiveBytes: number },
): Evaluator {
  const settings = judgingSettings({})
  const folder = new URL('../rules/', import.meta.url)
  const files = readdirSync(folder).filter((name) => isRuleFileName(name))
  const rules = ruleSetOf(files.map((file) => ({ file, text: readFileSync(new URL(file, folder), 'utf8') })))
  return {
    buffer,
    storms,
    rules: { current: async () => rules },
    timers: { arm: async () => {}, bury: async (_, reason) => Promise.reject(new Error(reason)) },
    archive: {
      write: async ({ chunks }) => {
        counts.archiveBytes += gzipSync(Buffer.concat(chunks.map(({ bytes }) => bytes))).length
      },
    },
    signals: { record: async () => {} },
    publisher: {
      publish: async (events) => {
        counts.signals += events.length
        return []
      },
    },
    metrics: { add: () => {}, observe: () => {} },
    // When the last of the timers is due.
    clock: () => Date.now() + settings.incompleteWaitMs,
    stopwatch: () => performance.now(),
    log: () => {},
    experiments: NO_EXPERIMENTS,
    newToken: randomUUID,
    settings,
  }
}

/** Processor time of this process, the emulator's included: more than a function needs. */
async function cpuMs(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
