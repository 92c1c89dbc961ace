import { randomUUID } from 'node:crypto'
import { compactHour } from '../shared/archive/compact.ts'
import { objectKey } from '../shared/archive/object-key.ts'
import { type TraceRecord, traceRecord } from '../shared/archive/trace-record.ts'
import { writeObject } from '../shared/archive/write-object.ts'
import { chunkItems } from '../shared/aws/buffer/buffer-items.ts'
import { DynamoTraceBuffer } from '../shared/aws/buffer/dynamo-buffer.ts'
import type { Chunk } from '../shared/pipeline/chunk.ts'
import type { Evaluator } from '../shared/pipeline/evaluator.ts'
import { NO_EXPERIMENTS } from '../shared/pipeline/experiment-calendar.ts'
import { INGEST_OPTIONS, ingest } from '../shared/pipeline/ingest.ts'
import type { Archive, ArchiveEntry } from '../shared/pipeline/ports.ts'
import { ruleSetOf } from '../shared/pipeline/rule-set.ts'
import { judgingSettings } from '../shared/pipeline/settings.ts'
import { SignalRate } from '../shared/pipeline/signal-rate.ts'
import { handleTimers } from '../shared/pipeline/timers.ts'
import { memoryStore } from '../test/archive/memory-store.ts'
import { createBufferTable, startDynalite } from '../test/emulators/emulators.ts'
import { encode } from '../test/otlp/otlp-proto.ts'
import { shippedPacks } from '../test/shipped-packs.ts'
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
  /** Bytes of all chunks in the table. */
  readonly tableBytes: number
  readonly archive: ArchiveUsage
  readonly ingestCpuMs: number
  readonly judgeCpuMs: number
}

/** Objects of the archive as evaluators write them, and as they are once their hour is compacted. */
interface ArchiveUsage {
  readonly writtenBytes: number
  readonly compactedBytes: number
  readonly compactCpuMs: number
}

/** Traces that share an object of the archive: a batch of an evaluator. */
export const TRACES_AN_OBJECT = 50

/** Units of DynamoDB. */
export interface Units {
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
  const append = (chunks: Iterable<Chunk>) => {
    // They can be gone through once.
    const all = [...chunks]
    stored.push(...all)
    return buffer.append(all)
  }
  const { traces, spansOfATrace } = traffic
  const requests = shopRequests(traffic).map((each) => encode('TracesData', each))
  const ingestCpuMs = await cpuMs(() => sendAll(requests, append))
  const ingested = { ...units }
  const counts = { signals: 0 }
  const archive = newArchive()
  const e = evaluatorOver(buffer, archive, counts)
  const judgeCpuMs = await cpuMs(async () => {
    await judgeAll(e, stored)
    await archive.flush()
  })
  if (counts.signals > traces / 50) {
    throw new Error(
      `${counts.signals} signals on ${traces} traces: correct the traffic, or its cost is that of its signals`,
    )
  }
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
    archive: await archive.usage(),
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
export function countUnits(client: DynamoClient): Units {
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

/** Writes traces as a batch of an evaluator does, all in one hour. */
function newArchive() {
  const store = memoryStore()
  let waiting: TraceRecord[] = []
  const flush = async () => {
    if (waiting.length === 0) return
    const { bytes } = writeObject(waiting)
    waiting = []
    await store.put(objectKey(0, bytes, 'written'), bytes)
  }
  const sumBytes = (origin: string) =>
    [...store.objects].reduce((sum, [key, { length }]) => sum + (key.includes(`/${origin}-`) ? length : 0), 0)
  return {
    flush,
    async write({ trace, chunks, filing, revision, reason }: ArchiveEntry) {
      const { traceId, complete, truncated } = trace
      const bytes = chunks.map((chunk) => chunk.bytes)
      const inOneHour = { atMs: 0, by: filing.by }
      waiting.push(traceRecord({ traceId, complete, truncated, filing: inOneHour, revision, reason, chunks: bytes }))
      if (waiting.length >= TRACES_AN_OBJECT) await flush()
    },
    async usage(): Promise<ArchiveUsage> {
      const writtenBytes = sumBytes('w')
      const compactCpuMs = await cpuMs(async () => {
        await compactHour(store, 0, { nowMs: 0, token: 'cost' })
      })
      return { writtenBytes, compactedBytes: sumBytes('c'), compactCpuMs }
    },
  }
}

function evaluatorOver(buffer: DynamoTraceBuffer, archive: Archive, counts: { signals: number }): Evaluator {
  const settings = judgingSettings({})
  const rules = ruleSetOf(shippedPacks())
  return {
    buffer,
    signalRate: new SignalRate(settings.maxSignalsPerMinute),
    incidents: { take: async () => {}, countExercise: () => {} },
    rules: { current: async () => rules },
    timers: { arm: async () => {}, bury: async (_, reason) => Promise.reject(new Error(reason)) },
    archive,
    signals: {
      record: async (signals) => {
        counts.signals += signals.length
      },
    },
    publisher: {
      publish: async () => [],
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
