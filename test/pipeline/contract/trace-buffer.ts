import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Chunk, newChunk } from '../../../shared/pipeline/chunk.ts'
import type { CommittedJudgement, PendingSignal, TraceBuffer } from '../../../shared/pipeline/ports.ts'
import type { SignalEvent } from '../../../shared/pipeline/signal.ts'

const NOW_MS = 1_764_000_000_000
const LATER_MS = NOW_MS + 90_000

const VERDICT: CommittedJudgement = {
  seen: [`c#${NOW_MS}#0123456789abcdef`],
  verdicts: 1,
  filing: { atMs: NOW_MS, by: 'start' },
  truncated: false,
  signals: [{ rule: 'R', ruleRevision: 'r1', sequence: 2, status: 'firing', complete: true, shadow: false }],
  pending: [],
}

const PENDING: readonly PendingSignal[] = [1, 2].map((sequence) => ({
  event: { id: `x.live.${sequence}`, sequence, data: { evidence: { text: 'żółć \u0000 "quoted"' } } } as SignalEvent,
  shadow: false,
}))

const SHADOW: PendingSignal = {
  event: {
    id: 'y.live.1',
    signalid: 'y',
    status: 'firing',
    time: '2025-11-24T16:00:00.000Z',
    data: {
      signal: 'R',
      severity: 'low',
      traceId: 't',
      description: '',
      evidence: { text: '', clauses: [], truncated: false },
    },
  } as unknown as SignalEvent,
  shadow: true,
}

function chunk(traceId: string, arrivedInMs: number, bytes: Uint8Array = randomBytes(60), spanCount = 3): Chunk {
  return newChunk(traceId, NOW_MS + arrivedInMs, bytes, spanCount)
}

async function allChunks(buffer: TraceBuffer, traceId: string): Promise<readonly Chunk[]> {
  const chunks: Chunk[] = []
  for await (const page of buffer.readChunks(traceId)) chunks.push(...page)
  return chunks.map((each) => ({ ...each, bytes: Uint8Array.from(each.bytes) }))
}

const plain = (chunks: readonly Chunk[]) => chunks.map((each) => ({ ...each, bytes: Uint8Array.from(each.bytes) }))

/** What every trace buffer must do; `open` gives one that may hold other traces, `traceId` one that nobody used. */
export function traceBufferContract(name: string, open: () => TraceBuffer | Promise<TraceBuffer>): void {
  const traceId = () => randomBytes(16).toString('hex')

  describe(`${name}: chunks`, () => {
    test('come back as they were stored, by arrival, however many there are', async () => {
      const [buffer, id] = [await open(), traceId()]
      const chunks = Array.from({ length: 300 }, (_, index) => chunk(id, index * 10, undefined, index + 1))
      for (let at = 0; at < chunks.length; at += 50) {
        expect(await buffer.append(chunks.slice(at, at + 50).toReversed())).toEqual([])
      }
      await buffer.append([chunk(traceId(), 5)])
      expect(await allChunks(buffer, id)).toEqual(plain(chunks))
    })

    test('are there once, however often they are stored', async () => {
      const [buffer, id] = [await open(), traceId()]
      const one = chunk(id, 0)
      await Promise.all([buffer.append([one]), buffer.append([one])])
      await buffer.append([one])
      expect(await allChunks(buffer, id)).toEqual(plain([one]))
    })

    test('stored at the same time are all kept', async () => {
      const [buffer, id] = [await open(), traceId()]
      const chunks = Array.from({ length: 40 }, (_, index) => chunk(id, index))
      await Promise.all(chunks.map((each) => buffer.append([each])))
      expect(await allChunks(buffer, id)).toEqual(plain(chunks))
    })

    test('of 300 KiB that no codec can shrink are kept whole', async () => {
      const [buffer, id] = [await open(), traceId()]
      const large = chunk(id, 0, randomBytes(300 * 1024))
      expect(await buffer.append([large])).toEqual([])
      expect(await allChunks(buffer, id)).toEqual(plain([large]))
    })

    test('are found by key; keys that are gone are left out', async () => {
      const [buffer, id] = [await open(), traceId()]
      const [first, second] = [chunk(id, 0), chunk(id, 1)]
      await buffer.append([first, second])
      const found = await buffer.readChunksByKey(id, [second.key, chunk(id, 9).key])
      expect(plain(found)).toEqual(plain([second]))
      expect(await buffer.readChunksByKey(id, [])).toEqual([])
    })

    test('of an empty request are an empty list', async () => {
      const [buffer, id] = [await open(), traceId()]
      expect(await buffer.append([])).toEqual([])
      expect(await allChunks(buffer, id)).toEqual([])
      expect(await buffer.newestChunkKey(id)).toBeUndefined()
      expect(await buffer.oldestChunkKey(id, undefined)).toBeUndefined()
    })

    test('are known by their newest key, and by the oldest one after another', async () => {
      const [buffer, id] = [await open(), traceId()]
      const chunks = [chunk(id, 0), chunk(id, 1), chunk(id, 2)] as const
      await buffer.append(chunks)
      await buffer.takeLease(id, undefined, { token: 'a', untilMs: LATER_MS })
      expect(await buffer.newestChunkKey(id)).toBe(chunks[2].key)
      expect(await buffer.oldestChunkKey(id, undefined)).toBe(chunks[0].key)
      expect(await buffer.oldestChunkKey(id, chunks[0].key)).toBe(chunks[1].key)
      expect(await buffer.oldestChunkKey(id, chunks[2].key)).toBeUndefined()
    })
  })

  describe(`${name}: the marker`, () => {
    test('is made by the first lease and has no verdict', async () => {
      const [buffer, id] = [await open(), traceId()]
      expect(await buffer.readMarker(id)).toBeUndefined()
      expect(await buffer.takeLease(id, undefined, { token: 'a', untilMs: LATER_MS })).toBe(true)
      const marker = await buffer.readMarker(id)
      expect(marker).toMatchObject({ revision: 0, seen: [], verdicts: 0, truncated: false, signals: [], pending: [] })
      expect(marker?.lease).toEqual({ token: 'a', untilMs: LATER_MS })
    })

    test('gives the lease to one of many that ask at once', async () => {
      const [buffer, id] = [await open(), traceId()]
      const ask = (token: string) => buffer.takeLease(id, undefined, { token, untilMs: LATER_MS })
      const taken = await Promise.all(['a', 'b', 'c', 'd'].map(ask))
      expect(taken.filter(Boolean)).toHaveLength(1)
    })

    test('gives the lease only to who read it as it is', async () => {
      const [buffer, id] = [await open(), traceId()]
      const take = async (token: string, read: Awaited<ReturnType<TraceBuffer['readMarker']>>) =>
        buffer.takeLease(id, read, { token, untilMs: LATER_MS })
      await take('a', undefined)
      const held = await buffer.readMarker(id)
      expect(await take('b', undefined)).toBe(false)
      expect(await take('b', held)).toBe(true)
      expect(await take('c', held)).toBe(false)
      await buffer.release(id, 'b')
      expect(await take('c', held)).toBe(false)
      const free = await buffer.readMarker(id)
      expect(free?.lease).toBeUndefined()
      expect(await take('c', free)).toBe(true)
      await buffer.commit(id, 'c', VERDICT)
      expect(await take('d', free)).toBe(false)
    })

    test('is free after a verdict, although that was made of a marker whose lease a crash had left', async () => {
      const [buffer, id] = [await open(), traceId()]
      await buffer.takeLease(id, undefined, { token: 'crashed', untilMs: NOW_MS })
      const left = await buffer.readMarker(id)
      await buffer.takeLease(id, left, { token: 'a', untilMs: LATER_MS })
      const verdict: CommittedJudgement = { ...left, ...VERDICT }
      await buffer.commit(id, 'a', verdict)
      const free = await buffer.readMarker(id)
      expect(free).toEqual({ ...VERDICT, revision: 1 })
      expect(await buffer.takeLease(id, free, { token: 'b', untilMs: LATER_MS })).toBe(true)
    })

    test('keeps a verdict without pending signals, and is free again', async () => {
      const [buffer, id] = [await open(), traceId()]
      await buffer.takeLease(id, undefined, { token: 'a', untilMs: LATER_MS })
      expect(await buffer.commit(id, 'a', VERDICT)).toBe(true)
      expect(await buffer.readMarker(id)).toEqual({ ...VERDICT, revision: 1 })
    })

    test('keeps pending signals under the lease until they are settled', async () => {
      const [buffer, id] = [await open(), traceId()]
      await buffer.takeLease(id, undefined, { token: 'a', untilMs: LATER_MS })
      expect(await buffer.commit(id, 'a', { ...VERDICT, pending: PENDING })).toBe(true)
      const lease = { token: 'a', untilMs: LATER_MS }
      expect(await buffer.readMarker(id)).toEqual({ ...VERDICT, pending: PENDING, revision: 1, lease })
      expect(await buffer.settle(id, 'a', PENDING.slice(1))).toBe(true)
      expect(await buffer.readMarker(id)).toEqual({ ...VERDICT, pending: PENDING.slice(1), revision: 2 })
    })

    test('has a signal in shadow mode pending like any other, unless the store counts those itself', async () => {
      const [buffer, id] = [await open(), traceId()]
      const lease = { token: 'a', untilMs: LATER_MS }
      await buffer.takeLease(id, undefined, lease)
      expect(await buffer.commit(id, 'a', { ...VERDICT, pending: [SHADOW] })).toBe(true)
      const left = buffer.countsShadow === true ? { pending: [] } : { pending: [SHADOW], lease }
      expect(await buffer.readMarker(id)).toEqual({ ...VERDICT, ...left, revision: 1 })
    })

    test('is written by nobody whose lease was taken over or given back', async () => {
      const [buffer, id] = [await open(), traceId()]
      await buffer.takeLease(id, undefined, { token: 'a', untilMs: LATER_MS })
      await buffer.takeLease(id, await buffer.readMarker(id), { token: 'b', untilMs: LATER_MS })
      const before = await buffer.readMarker(id)
      expect(await buffer.commit(id, 'a', { ...VERDICT, pending: PENDING })).toBe(false)
      expect(await buffer.settle(id, 'a', [])).toBe(false)
      expect(await buffer.release(id, 'a')).toBe(false)
      expect(await buffer.readMarker(id)).toEqual(before)
      expect(await buffer.release(id, 'b')).toBe(true)
      expect(await buffer.commit(id, 'b', VERDICT)).toBe(false)
      expect(await buffer.readMarker(id)).toMatchObject({ revision: 0, verdicts: 0 })
    })

    test('of a trace that was never judged is never written', async () => {
      const [buffer, id] = [await open(), traceId()]
      expect(await buffer.commit(id, 'a', VERDICT)).toBe(false)
      expect(await buffer.settle(id, 'a', [])).toBe(false)
      expect(await buffer.release(id, 'a')).toBe(false)
      expect(await buffer.readMarker(id)).toBeUndefined()
    })

    test('is replaced whole by each commit', async () => {
      const [buffer, id] = [await open(), traceId()]
      await buffer.takeLease(id, undefined, { token: 'a', untilMs: LATER_MS })
      await buffer.commit(id, 'a', { ...VERDICT, pending: PENDING })
      const waiting = { untilMs: LATER_MS, rules: ['R'] }
      const next: CommittedJudgement = { ...VERDICT, verdicts: 2, truncated: true, signals: [], waiting, pending: [] }
      expect(await buffer.commit(id, 'a', next)).toBe(true)
      expect(await buffer.readMarker(id)).toEqual({ ...next, revision: 2 })
    })

    test('holds 5,000 chunk keys and 200 signals with 12 KiB of evidence each', async () => {
      const [buffer, id] = [await open(), traceId()]
      const seen = Array.from({ length: 5_000 }, (_, index) => chunk(id, index, Buffer.from(String(index))).key)
      const pending = Array.from({ length: 200 }, (_, index) => ({
        event: {
          id: `x.live.${index}`,
          data: { evidence: { text: randomBytes(6_000).toString('hex') } },
        } as SignalEvent,
        shadow: false,
      }))
      await buffer.takeLease(id, undefined, { token: 'a', untilMs: LATER_MS })
      expect(await buffer.commit(id, 'a', { ...VERDICT, seen, pending })).toBe(true)
      expect(await buffer.readMarker(id)).toMatchObject({ seen, pending })
      expect(await buffer.settle(id, 'a', [])).toBe(true)
      expect(await buffer.readMarker(id)).toEqual({ ...VERDICT, seen, pending: [], revision: 2 })
    })
  })
}
