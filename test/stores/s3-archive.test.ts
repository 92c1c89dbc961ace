import { gunzipSync } from 'node:zlib'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { beforeEach, describe, expect, test } from 'vitest'
import { newChunk } from '../../shared/pipeline/chunk.ts'
import type { ArchivedTrace, PendingSignal } from '../../shared/pipeline/ports.ts'
import { S3ChunkArchive, S3SignalStore } from '../../shared/stores/s3-archive.ts'
import { faux, intercepted } from '../aws/faux.ts'

const NOON_MS = Date.UTC(2026, 0, 31, 12, 30)
const emulator = faux()

beforeEach(() => {
  emulator().server.purgeAll()
  emulator().server.createBucket('archive')
})

const bucket = (client = emulator().s3) => ({ client, name: 'archive', pause: async () => {} })

function entry(traceId: string, atMs = NOON_MS): ArchivedTrace {
  return {
    trace: { traceId, spans: [], complete: true, truncated: false },
    chunks: [newChunk(traceId, atMs, Buffer.from(`spans of ${traceId}`), 2)],
    filing: { atMs, by: 'start' },
    revision: 1,
    reason: 'verdict',
  }
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

describe('archived chunks', () => {
  test('can be read back, byte by byte, under the hour their trace is filed at', async () => {
    const archived = entry('a'.repeat(32))
    await new S3ChunkArchive(bucket()).write(archived)
    const [[key, lines] = ['', []]] = await objects()
    expect(key).toMatch(/^raw\/dt=2026-01-31\/hour=12\/[0-9a-f]{32}\.jsonl\.gz$/)
    const [chunk] = archived.chunks
    const tracesData = Buffer.from(chunk?.bytes ?? []).toString('base64')
    expect(lines).toEqual([
      {
        traceId: 'a'.repeat(32),
        revision: 1,
        reason: 'verdict',
        filedBy: 'start',
        filedAtMs: NOON_MS,
        complete: true,
        truncated: false,
        chunks: [{ key: chunk?.key, spanCount: 2, tracesData }],
      },
    ])
  })

  test('of traces judged side by side share an object an hour', async () => {
    const archive = new S3ChunkArchive(bucket())
    const entries = ['a', 'b', 'c'].map((name) => entry(name))
    await Promise.all([...entries, entry('d', NOON_MS + 3_600_000)].map((one) => archive.write(one)))
    const written = [...(await objects())].map(([, lines]) => lines.map(({ traceId }) => traceId))
    expect(written.toSorted()).toEqual([['a', 'b', 'c'], ['d']])
  })

  test('written again change nothing', async () => {
    const archive = new S3ChunkArchive(bucket())
    await archive.write(entry('a'))
    await archive.write(entry('a'))
    expect((await objects()).size).toBe(1)
  })

  test('that could not be written fail for every trace of the object, and the next group is not affected', async () => {
    let failures = 1
    const moody = intercepted(emulator().s3, () => (failures-- > 0 ? Promise.reject(new Error('gone')) : undefined))
    const archive = new S3ChunkArchive(bucket(moody))
    const outcomes = await Promise.allSettled(['a', 'b'].map((name) => archive.write(entry(name))))
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await archive.write(entry('a'))
    expect((await objects()).size).toBe(1)
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
