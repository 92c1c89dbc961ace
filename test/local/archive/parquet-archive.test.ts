import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { folderStore } from '../../../local/archive/folder-store.ts'
import { archiveFolder, ParquetArchive, type ParquetArchiveOptions } from '../../../local/archive/parquet-archive.ts'
import { planLocalReplay, replayLocally } from '../../../local/replay/replay.ts'
import { parseObjectKey } from '../../../shared/archive/object-key.ts'
import { newChunk } from '../../../shared/pipeline/chunk.ts'
import type { ArchiveEntry } from '../../../shared/pipeline/ports.ts'
import { assembleTrace } from '../../../shared/trace/assemble.ts'
import { rulesOf } from '../../reference/rules.ts'
import type { SpanSketch } from '../../reference/traces.ts'
import { chunkOf, HOUR_MS, ONE_DAY, START_MS } from '../../replay/archived.ts'

let dataFolder: string
let nowMs: number
let logged: string[]

beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'betrace-archive-'))
  nowMs = START_MS
  logged = []
})

afterEach(() => rm(dataFolder, { recursive: true }))

function openArchive(limits: Pick<ParquetArchiveOptions, 'maxBytes' | 'maxQueued'> = {}) {
  return ParquetArchive.open({
    ...limits,
    dataFolder,
    clock: () => nowMs,
    log: (_level, message) => logged.push(message),
  })
}

function entry(index: number, spans: readonly SpanSketch[], atMs = START_MS): ArchiveEntry {
  const traceId = index.toString(16).padStart(32, '0')
  const bytes = chunkOf(traceId, spans)
  return {
    trace: assembleTrace(traceId, [bytes]),
    chunks: [newChunk(traceId, atMs, bytes, spans.length)],
    filing: { atMs, by: 'start' },
    revision: 1,
    reason: 'verdict',
  }
}

const objects = () => folderStore(archiveFolder(dataFolder)).list('spans/')
const journals = () => readdir(join(dataFolder, 'archive-journal'))

async function violations(rule: string, threads = 0): Promise<readonly string[]> {
  const folder = archiveFolder(dataFolder)
  const plan = await planLocalReplay(folder, ONE_DAY)
  const report = await replayLocally({ folder, rules: rulesOf(rule), range: ONE_DAY, sampleLimit: 10, plan, threads })
  return report.rules[0]?.samples.map(({ traceId }) => traceId.replace(/^0+/, '')) ?? []
}

describe('the local archive', () => {
  test('holds what was written to it, an object an hour, to be replayed in threads or without', async () => {
    const archive = await openArchive()
    await Promise.all([
      archive.write(entry(1, [{ name: 'a', attributes: { amount: 5 } }])),
      archive.write(entry(2, [{ name: 'a', attributes: { amount: 50 } }], START_MS + HOUR_MS)),
      archive.write(entry(3, [{ name: 'b' }])),
    ])
    await archive.close()
    expect((await objects()).map(({ key }) => parseObjectKey(key)?.hourMs)).toEqual([START_MS, START_MS + HOUR_MS])
    expect(await journals()).toEqual([])
    expect(await violations('trace.has(a).where(amount > 10)', 2)).toEqual(['2'])
    expect(await violations('trace.has(a) or trace.has(b)')).toEqual(['1', '3', '2'])
  })

  test('turns a journal into objects once it is old enough', async () => {
    const archive = await openArchive()
    await archive.write(entry(1, [{ name: 'a' }]))
    nowMs += 9_999
    await archive.runDue()
    expect(await objects()).toEqual([])
    nowMs += 1
    await archive.runDue()
    expect(await objects()).toHaveLength(1)
    await archive.close()
  })

  test('takes up what a crashed process acknowledged, and drops what it could not acknowledge', async () => {
    const crashed = await openArchive()
    await crashed.write(entry(1, [{ name: 'a' }]))
    await crashed.write(entry(2, [{ name: 'a' }]))
    const [journal] = await journals()
    await appendFile(join(dataFolder, 'archive-journal', journal ?? ''), Buffer.from([200, 0, 0, 0, 1, 2, 3, 4, 5]))
    const next = await openArchive()
    await next.flush()
    expect(await violations('trace.has(a)')).toEqual(['1', '2'])
    expect(await journals()).toEqual([])
    expect(logged).toEqual(['the end of a journal was cut off by a crash, before it was acknowledged'])
    await next.close()
  })

  test('lets traces wait while too many journals wait to be turned into objects', async () => {
    const archive = await openArchive({ maxBytes: 1, maxQueued: 2 })
    const many = Array.from({ length: 300 }, (_, index) => ({ name: `a${index}`, id: index + 1 }))
    let most = 0
    const write = async (index: number) => {
      await archive.write(entry(index, many))
      most = Math.max(most, archive.state.queued)
    }
    for (let index = 0; index < 20; index++) await write(index)
    expect(most).toBe(3)
    await archive.flush()
    expect(archive.state.queued).toBe(0)
    expect(await violations('trace.has(a7)')).toHaveLength(10)
    await archive.close()
  })

  test('writes a trace that was archived twice once', async () => {
    const archive = await openArchive()
    await archive.write(entry(1, [{ name: 'a' }]))
    await archive.write(entry(1, [{ name: 'a' }, { name: 'b' }]))
    await archive.close()
    expect(await violations('trace.count(a) == 1 and trace.count(any) == 2')).toEqual(['1'])
  })

  test('says that the disk does not take it', async () => {
    const archive = await openArchive()
    await rm(join(dataFolder, 'archive-journal'), { recursive: true })
    await expect(archive.write(entry(1, [{ name: 'a' }]))).rejects.toMatchObject({
      name: 'StorageError',
      code: 'unavailable',
    })
    await archive.close()
  })
})

describe('an archive that cannot be written for a while', () => {
  /** A file where the objects' folder should be: whoever runs this, root too, cannot write below it. */
  const obstacle = () => join(dataFolder, 'archive')

  test('keeps its journals, says so, and turns them into objects once it can, without a restart', async () => {
    const archive = await openArchive()
    await writeFile(obstacle(), '')
    await archive.write(entry(1, [{ name: 'a' }]))
    await archive.flush()
    await archive.write(entry(2, [{ name: 'a' }]))
    await archive.flush()
    expect(archive.state).toMatchObject({
      failures: 2,
      waiting: 2,
      damaged: 0,
      failure: expect.stringContaining('ENOTDIR'),
    })
    await rm(obstacle())
    nowMs += 9_999
    await archive.runDue()
    expect(archive.state.waiting).toBe(2)
    nowMs += 1
    await archive.runDue()
    expect(archive.state).toEqual({ queued: 0, failures: 2, waiting: 0, damaged: 0, failure: undefined })
    expect(await violations('trace.has(a)')).toEqual(['1', '2'])
    await archive.close()
  })

  test('is tried again though the clock was put back', async () => {
    const archive = await openArchive()
    await writeFile(obstacle(), '')
    await archive.write(entry(1, [{ name: 'a' }]))
    await archive.flush()
    await archive.write(entry(2, [{ name: 'a' }]))
    await rm(obstacle())
    nowMs -= HOUR_MS
    await archive.runDue()
    expect(await violations('trace.has(a)')).toEqual(['1', '2'])
    await archive.close()
  })
})

describe('a journal that is damaged', () => {
  async function damaged(damage: (bytes: Buffer, recordBytes: number) => Buffer): Promise<void> {
    const crashed = await openArchive()
    for (const index of [1, 2, 3]) await crashed.write(entry(index, [{ name: 'a' }]))
    const [name = ''] = await journals()
    const path = join(dataFolder, 'archive-journal', name)
    const bytes = await readFile(path)
    await writeFile(path, damage(bytes, bytes.length / 3))
    const next = await openArchive()
    await next.flush()
    await next.close()
  }

  const flipped = (bytes: Buffer, at: number) => {
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0x40, at)
    return bytes
  }

  test.each([
    ['within a record', (bytes: Buffer, record: number) => flipped(bytes, record + 60), ['1', '3']],
    ['in the length of a record', (bytes: Buffer, record: number) => flipped(bytes, record + 2), ['1', '3']],
    ['in its first record', (bytes: Buffer) => flipped(bytes, 5), ['2', '3']],
    ['in its last record', (bytes: Buffer) => flipped(bytes, bytes.length - 3), ['1', '2']],
  ])('%s loses that record alone, and is put aside', async (_where, damage, left) => {
    await damaged(damage)
    expect(await violations('trace.has(a)')).toEqual(left)
    expect(await journals()).toEqual([expect.stringMatching(/\.journal\.damaged$/)])
    expect(logged).toEqual(['a journal is damaged; what can be read of it is archived, the rest is put aside'])
    await (await openArchive()).close()
    expect(logged).toHaveLength(1)
  })

  test('in the length of its last record reads as cut off', async () => {
    await damaged((bytes, record) => flipped(bytes, 2 * record + 2))
    expect(await violations('trace.has(a)')).toEqual(['1', '2'])
    expect(logged).toEqual(['the end of a journal was cut off by a crash, before it was acknowledged'])
  })
})
