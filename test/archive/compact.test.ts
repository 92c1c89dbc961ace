import { beforeEach, describe, expect, test } from 'vitest'
import { COMPACTION_LIMITS, compactHour, GRACE_MS } from '../../shared/archive/compact.ts'
import { parseObjectKey } from '../../shared/archive/object-key.ts'
import { ObjectGone, type ObjectStore } from '../../shared/archive/object-store.ts'
import { readFooter } from '../../shared/archive/read-footer.ts'
import { readRecords } from '../../shared/archive/read-records.ts'
import { rulesOf } from '../reference/rules.ts'
import { archive, recordOf, replay, type SketchedRecord, START_MS } from '../replay/archived.ts'
import { Died, type MemoryStore, memoryStore, mortalStore } from './memory-store.ts'

let nowMs: number
let store: MemoryStore
let runs = 0

beforeEach(() => {
  nowMs = START_MS
  store = memoryStore(() => nowMs)
})

const idOf = (index: number) => `${'0'.repeat(28)}${(index + 4096).toString(16)}`
const trace = (index: number, rest: Partial<SketchedRecord> = {}): SketchedRecord => ({
  traceId: idOf(index),
  spans: [{ name: 'a', attributes: { index } }],
  ...rest,
})

const put = (...traces: readonly SketchedRecord[]) => archive(store, traces.map(recordOf))
const compact = (into: ObjectStore = store, limits: Partial<typeof COMPACTION_LIMITS> = {}) => {
  return compactHour(
    into,
    START_MS,
    { nowMs, token: `run ${runs++}` },
    { ...COMPACTION_LIMITS, leastNewShare: 0, ...limits },
  )
}

const origins = () => [...store.objects.keys()].map((key) => parseObjectKey(key)?.origin).sort()

/** Every trace id a replay sees, once for each time it is judged. */
async function judged(): Promise<readonly string[]> {
  const { rules, traces, failures } = await replay(store, rulesOf('trace.has(a)'))
  expect(failures).toEqual([])
  expect(traces).toBe(rules[0]?.violated)
  return rules[0]?.samples.map(({ traceId }) => traceId).sort() ?? []
}

async function recordsIn(key: string) {
  const bytes = Buffer.from(store.objects.get(key) ?? [])
  const source = { byteLength: bytes.length, read: async (start: number, end: number) => bytes.subarray(start, end) }
  const found = []
  for await (const record of readRecords(source, await readFooter(source))) found.push(record)
  return found
}

describe('compaction', () => {
  test('merges the objects of an hour into one, which is read in their place at once', async () => {
    await put(trace(1))
    await put(trace(2))
    await put(trace(3))
    expect(await compact()).toMatchObject({ merged: 3, written: 1, deleted: 0, failures: [] })
    expect(origins()).toEqual(['compacted', 'written', 'written', 'written'])
    store.reads.clear()
    expect(await judged()).toEqual([idOf(1), idOf(2), idOf(3)])
    expect([...store.reads.keys()].map((key) => parseObjectKey(key)?.origin)).toEqual(['compacted'])
  })

  test('deletes what was merged an hour later, not before', async () => {
    await put(trace(1))
    await put(trace(2))
    await compact()
    nowMs += GRACE_MS - 1
    expect(await compact()).toMatchObject({ merged: 0, deleted: 0 })
    nowMs += 1
    expect(await compact()).toMatchObject({ merged: 0, deleted: 2 })
    expect(origins()).toEqual(['compacted'])
    expect(await judged()).toEqual([idOf(1), idOf(2)])
  })

  test('does nothing where there is nothing to merge', async () => {
    await put(trace(1), trace(2))
    expect(await compact()).toMatchObject({ merged: 0, written: 0 })
    expect(origins()).toEqual(['written'])
  })

  test('drops what is there twice, and keeps every revision and late part', async () => {
    await put(trace(1), trace(2, { revision: 1 }))
    await put(trace(1), trace(2, { revision: 2, spans: [{ name: 'a' }, { name: 'b' }] }))
    await put(trace(1, { revision: 1, reason: 'late', spans: [{ name: 'c', id: 9 }] }))
    await compact()
    const [key] = [...store.objects.keys()].filter((each) => parseObjectKey(each)?.origin === 'compacted')
    expect((await recordsIn(key ?? '')).map(({ revision, reason, spans }) => [revision, reason, spans.length])).toEqual(
      [
        [1, 'late', 1],
        [1, 'verdict', 1],
        [1, 'verdict', 1],
        [2, 'verdict', 2],
      ],
    )
  })

  test('splits an hour by trace above the target size', async () => {
    const traces = Array.from({ length: 60 }, (_, index) => trace(index))
    await put(...traces.slice(0, 30))
    await put(...traces.slice(30))
    const bytes = [...store.objects.values()].reduce((sum, object) => sum + object.length, 0)
    const result = await compact(store, { targetBytes: Math.ceil(bytes / 3), mostSpans: 7 })
    expect(result).toMatchObject({ merged: 2, written: 3 })
    const parts = [...store.objects.keys()].filter((each) => parseObjectKey(each)?.origin === 'compacted')
    const sizes = await Promise.all(parts.map(async (key) => (await recordsIn(key)).length))
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(60)
    expect(Math.min(...sizes)).toBeGreaterThan(5)
    expect(await judged()).toHaveLength(60)
  })

  test('shows nothing of a set until all its parts are there, and removes it an hour later', async () => {
    const traces = Array.from({ length: 40 }, (_, index) => trace(index))
    await put(...traces.slice(0, 20))
    await put(...traces.slice(20))
    await expect(compact(mortalStore(store, 1), { targetBytes: 4_000 })).rejects.toBeInstanceOf(Died)
    expect(origins()).toEqual(['compacted', 'written', 'written'])
    expect(await judged()).toHaveLength(40)
    expect(await compact()).toMatchObject({ merged: 2, written: 1 })
    expect(await judged()).toHaveLength(40)
    nowMs += GRACE_MS
    expect(await compact()).toMatchObject({ deleted: 3 })
    expect(await judged()).toHaveLength(40)
  })

  test('two runs at once show nothing twice, and a later one leaves one set', async () => {
    await put(trace(1))
    await put(trace(2))
    const slow: ObjectStore = {
      ...store,
      async put(key, bytes) {
        if (store.objects.size === 2) await compact()
        await store.put(key, bytes)
      },
    }
    await compact(slow)
    expect(origins()).toEqual(['compacted', 'compacted', 'written', 'written'])
    expect(await judged()).toEqual([idOf(1), idOf(2)])
    expect(await compact()).toMatchObject({ merged: 2, written: 1 })
    expect(await judged()).toEqual([idOf(1), idOf(2)])
  })

  test('takes back what it wrote when a source was deleted meanwhile, for it may have been to forget', async () => {
    const [forgotten] = await put(trace(1))
    await put(trace(2))
    const meanwhile: ObjectStore = {
      ...store,
      async put(key, bytes) {
        await store.put(key, bytes)
        await store.delete(forgotten ?? '')
      },
    }
    expect(await compact(meanwhile)).toMatchObject({ merged: 0, written: 0 })
    expect(await judged()).toEqual([idOf(2)])
  })

  test('leaves an object that cannot be read as it is, and names it', async () => {
    const [damaged] = await put(trace(1))
    await put(trace(2))
    await put(trace(3))
    store.objects.set(damaged ?? '', Buffer.from('no Parquet at all, but long enough to be looked at'))
    expect(await compact()).toMatchObject({ merged: 2, written: 1, failures: [{ key: damaged }] })
    expect((await replay(store, rulesOf('trace.has(a)'))).failures).toMatchObject([{ key: damaged }])
  })

  test('a reader whose objects are deleted while it reads plans again', async () => {
    await put(trace(1))
    await put(trace(2))
    let opened = 0
    const moving: ObjectStore = {
      ...store,
      open(object) {
        const source = store.open(object)
        return {
          ...source,
          async read(start, end) {
            if (opened++ === 1) {
              await compact()
              nowMs += GRACE_MS
              await compact()
            }
            return source.read(start, end)
          },
        }
      },
    }
    const report = await replay(moving, rulesOf('trace.has(a)'))
    expect(report).toMatchObject({ traces: 2, failures: [] })
    expect(origins()).toEqual(['compacted'])
  })

  test('an object that goes away again and again ends the replay without an endless loop', async () => {
    await put(trace(1))
    const gone: ObjectStore = {
      ...store,
      open: ({ key, byteLength }) => ({ byteLength, read: () => Promise.reject(new ObjectGone(key)) }),
    }
    await expect(replay(gone, rulesOf('trace.has(a)'))).rejects.toBeInstanceOf(ObjectGone)
  })
})
