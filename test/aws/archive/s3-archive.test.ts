import { gunzipSync } from 'node:zlib'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { beforeEach, describe, expect, test } from 'vitest'
import type { StoredObject } from '../../../shared/archive/object-store.ts'
import { readCatalogue } from '../../../shared/archive/read-catalogue.ts'
import { traceRecord } from '../../../shared/archive/trace-record.ts'
import { S3ParquetArchive, S3SignalStore } from '../../../shared/aws/archive/s3-archive.ts'
import { s3ObjectStore } from '../../../shared/aws/archive/s3-object-store.ts'
import { newChunk } from '../../../shared/pipeline/chunk.ts'
import type { ArchiveEntry, PendingSignal } from '../../../shared/pipeline/ports.ts'
import { recordsOf } from '../../archive/archived-records.ts'
import { faux, intercepted } from '../../emulators/faux.ts'
import { tracesData } from '../../pipeline/traces.ts'

const NOON_MS = Date.UTC(2026, 0, 31, 12, 30)
const emulator = faux()

beforeEach(() => {
  emulator().server.purgeAll()
  emulator().server.createBucket('archive')
})

const bucket = (client = emulator().s3) => ({ client, name: 'archive', pause: async () => {} })

const archiveIn = (client = emulator().s3) => new S3ParquetArchive(s3ObjectStore(bucket(client)), async () => {})

function entry(traceId: string, atMs = NOON_MS): ArchiveEntry {
  const spans = [{ name: 'payment.charge', id: 2, parent: 1, startMs: atMs + 1, endMs: atMs + 2 }]
  const bytes = tracesData([{ name: 'checkout', id: 1, startMs: atMs, endMs: atMs + 5 }, ...spans], traceId)
  return {
    trace: { traceId, spans: [], complete: true, truncated: false },
    chunks: [newChunk(traceId, atMs, bytes, 2)],
    filing: { atMs, by: 'start' },
    revision: 1,
    reason: 'verdict',
  }
}

/** Each object of the archive, by key: the ids of its traces. */
async function archivedIds(): Promise<ReadonlyMap<string, readonly string[]>> {
  const store = s3ObjectStore(bucket())
  const found = new Map<string, readonly string[]>()
  for (const object of await store.list('spans/')) {
    const ids = (await recordsOf(store, object)).map(({ traceId }) => Buffer.from(traceId).toString('hex'))
    found.set(object.key, ids)
  }
  return found
}

async function objects(): Promise<ReadonlyMap<string, readonly Record<string, unknown>[]>> {
  const { Contents = [] } = await emulator().s3.send(new ListObjectsV2Command({ Bucket: 'archive' }))
  const read = Contents.map(async ({ Key = '' }) => {
    const { Body } = await emulator().s3.send(new GetObjectCommand({ Bucket: 'archive', Key }))
    const text = gunzipSync((await Body?.transformToByteArray()) ?? new Uint8Array()).toString()
    return [
      Key,
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ] as const
  })
  return new Map(await Promise.all(read))
}

describe('archived traces', () => {
  test('can be read back, byte by byte, under the hour they are filed at', async () => {
    const archived = entry('a'.repeat(32))
    await archiveIn().write(archived)
    const store = s3ObjectStore(bucket())
    const [object] = await store.list('spans/')
    expect(object?.key).toMatch(/^spans\/dt=2026-01-31\/hour=12\/w-[0-9a-f]{32}\.parquet$/)
    const [record] = await recordsOf(store, object as StoredObject)
    const { chunks, trace, ...rest } = archived
    const bytes = chunks.map((chunk) => chunk.bytes)
    expect(record).toEqual(traceRecord({ ...trace, ...rest, chunks: bytes }))
  })

  test('of traces judged side by side share an object an hour', async () => {
    const archive = archiveIn()
    const ids = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(32))
    await Promise.all(ids.map((id) => archive.write(entry(id, id === ids[3] ? NOON_MS + 3_600_000 : NOON_MS))))
    expect([...(await archivedIds()).values()].toSorted()).toEqual([ids.slice(0, 3), ids.slice(3)])
  })

  test('have a catalogue that repeats no values of redacted keys', async () => {
    const archive = new S3ParquetArchive(s3ObjectStore(bucket(), ['service.*']), async () => {})
    await archive.write(entry('a'.repeat(32)))
    const range = { fromMs: NOON_MS - 3_600_000, toMs: NOON_MS + 3_600_000 }
    const { catalogue } = await readCatalogue(s3ObjectStore(bucket()), range)
    expect(catalogue.resource.get('service.name')).toMatchObject({ spans: 2, examples: [] })
  })

  test('written again change nothing', async () => {
    const archive = archiveIn()
    for (let i = 0; i < 2; i++) await archive.write(entry('a'.repeat(32)))
    expect((await archivedIds()).size).toBe(1)
  })

  test('that could not be written fail for every trace of the object, and the next group is not affected', async () => {
    let failures = 1
    const moody = intercepted(emulator().s3, () => (failures-- > 0 ? Promise.reject(new Error('gone')) : undefined))
    const archive = archiveIn(moody)
    const outcomes = await Promise.allSettled(['a', 'b'].map((digit) => archive.write(entry(digit.repeat(32)))))
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await archive.write(entry('a'.repeat(32)))
    expect((await archivedIds()).size).toBe(1)
  })

  test('one that cannot be decoded fails alone', async () => {
    const archive = archiveIn()
    const broken = { ...entry('b'.repeat(32)), chunks: [newChunk('b'.repeat(32), NOON_MS, Buffer.from('garbage'), 1)] }
    const outcomes = await Promise.allSettled([archive.write(entry('a'.repeat(32))), archive.write(broken)])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect([...(await archivedIds()).values()]).toEqual([['a'.repeat(32)]])
  })
})

test('signals are stored one a line, and none makes no object', async () => {
  const store = new S3SignalStore(bucket())
  const pending = (id: string) => ({ event: { id, time: '2026-01-31T12:30:00Z' }, shadow: id === 'b' }) as PendingSignal
  await store.record([])
  await Promise.all([store.record([pending('a'), pending('b')]), store.record([pending('c')])])
  const [[key, lines] = ['', []], ...others] = await objects()
  expect(others).toEqual([])
  expect(key).toMatch(/^signals\/dt=2026-01-31\/hour=12\//)
  expect(lines.map(({ id, shadow }) => [id, shadow])).toEqual([
    ['a', false],
    ['b', true],
    ['c', false],
  ])
})
