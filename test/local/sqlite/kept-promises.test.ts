import { cpSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { recoverDatabase } from '../../../local/recovery/recover.ts'
import type { Runtime } from '../../../local/runtime.ts'
import { Database } from '../../../local/sqlite/database.ts'
import { lostWritesPath } from '../../../local/sqlite/lost-writes.ts'
import { type Promised, readPromiseMark } from '../../../local/sqlite/promise-mark.ts'
import { SCHEMA } from '../../../local/sqlite/schema.ts'
import { SqliteBuffer } from '../../../local/sqlite/sqlite-buffer.ts'
import { runInProcess } from '../../cli/fake-terminal.ts'
import { chunkOf } from '../../pipeline/traces.ts'
import { CHARGE, type Home, metric, runtimes, VALIDATION } from '../harness.ts'
import { newDatabase, newFolder } from './databases.ts'

const { newHome, send, start, stop } = runtimes()

const FRAME_BYTES = 24 + 4096
const traceIdOf = (trace: number) => (trace + 1).toString(16).padStart(32, '0')
const chunksIn = (path: string) => {
  const database = new DatabaseSync(path)
  const { count } = database.prepare('SELECT count(*) AS count FROM chunks').get() as { count: number }
  database.close()
  return count
}

/** A home as kill -9 leaves it, with so many traces of two spans, acknowledged one after the other. */
async function killedAfter(traces: number): Promise<Home> {
  const home = newHome()
  const runtime = await start(home)
  for (let trace = 0; trace < traces; trace++) await send(runtime, [CHARGE, VALIDATION], traceIdOf(trace))
  const killed = { ...home, dataFolder: join(newFolder(), 'data') }
  cpSync(home.dataFolder, killed.dataFolder, { recursive: true })
  await stop(runtime)
  return killed
}

async function health(runtime: Runtime) {
  const response = await fetch(`${runtime.url}/healthz`)
  return { status: response.status, body: await response.json() }
}

describe('a write-ahead log that lost its end', () => {
  test('is noticed: the log says how many spans are missing, and health is degraded until the note is deleted', async () => {
    const home = await killedAfter(40)
    const path = join(home.dataFolder, 'betrace.db')
    truncateSync(`${path}-wal`, statSync(`${path}-wal`).size / 2)
    const logged: unknown[] = []
    const runtime = await start(home, {}, { log: (...line) => logged.push(line) })
    const left = chunksIn(path)
    expect(left).toBeLessThan(40)
    const lost = { spans: 2 * (40 - left), chunks: 40 - left }
    expect(logged).toContainEqual([
      'error',
      'promised writes are missing from the database',
      expect.objectContaining({ ...lost, runbook: 'docs/runbook.md#promised-spans-are-missing' }),
    ])
    expect(await health(runtime)).toMatchObject({
      status: 200,
      body: {
        status: 'degraded',
        database: expect.stringMatching(
          new RegExp(
            `^\\d+ promised writes are missing, with ${lost.spans} spans in ${lost.chunks} chunks, found .*; delete .*lost-writes.jsonl when .*#promised-spans`,
          ),
        ),
      },
    })
    expect(await metric(runtime, 'betrace_lost_spans')).toEqual([`betrace_lost_spans ${lost.spans}`])

    await stop(runtime)
    const again = await start(home)
    expect((await health(again)).body).toMatchObject({ status: 'degraded' })
    rmSync(lostWritesPath(path))
    expect((await health(again)).body).toMatchObject({ status: 'ok', database: 'ok' })
    await stop(again)
    expect((await health(await start(home))).body).toMatchObject({ status: 'ok' })
  })

  test('is noticed wherever it was cut, and what is left and what is missing add up', async () => {
    const home = await killedAfter(20)
    const path = join(home.dataFolder, 'betrace.db')
    const frames = Math.floor((statSync(`${path}-wal`).size - 32) / FRAME_BYTES)
    for (let cut = 0; cut <= frames; cut += 7) {
      const copy = join(newFolder(), 'data')
      cpSync(home.dataFolder, copy, { recursive: true })
      truncateSync(join(copy, 'betrace.db-wal'), 32 + cut * FRAME_BYTES + (cut % 2) * 100)
      const database = newDatabase(join(copy, 'betrace.db'))
      const chunks = Number(database.get('SELECT count(*) AS count FROM chunks')?.count)
      const told = database.promises?.losses().map(({ promised, left }) => promised.chunks - left.chunks) ?? []
      expect({ cut, sum: chunks + (told[0] ?? 0) }).toEqual({ cut, sum: 20 })
    }
  })

  test('is noticed where the log is gone, and where the database is', async () => {
    for (const gone of ['betrace.db-wal', 'betrace.db']) {
      const home = await killedAfter(5)
      rmSync(join(home.dataFolder, gone))
      rmSync(join(home.dataFolder, 'betrace.db-shm'))
      const opening = () => newDatabase(join(home.dataFolder, 'betrace.db'))
      if (gone === 'betrace.db') {
        expect(opening).toThrow(
          expect.objectContaining({ code: 'corrupt', message: expect.stringContaining('is gone') }),
        )
        await recoverDatabase({ dataFolder: home.dataFolder, nowMs: 0 })
        expect(chunksIn(join(home.dataFolder, 'betrace.db'))).toBe(5)
      } else expect(opening().promises?.losses()).toMatchObject([{ promised: { chunks: 5 }, left: { chunks: 0 } }])
    }
  })

  test('is damage where frames after it can be saved, although no later promise is among them', async () => {
    const home = await killedAfter(5)
    const path = join(home.dataFolder, 'betrace.db')
    const wal = readFileSync(`${path}-wal`)
    const commits = Array.from({ length: Math.floor((wal.length - 32) / FRAME_BYTES) }, (_, index) => index).filter(
      (index) => wal.readUInt32BE(32 + index * FRAME_BYTES + 4) > 0,
    )
    // A frame of the last transaction, but not the one that commits it.
    wal.fill(0xee, 32 + ((commits.at(-2) ?? 0) + 1) * FRAME_BYTES + 24, 32 + ((commits.at(-2) ?? 0) + 2) * FRAME_BYTES)
    writeFileSync(`${path}-wal`, wal)
    expect(() => newDatabase(path)).toThrow(
      expect.objectContaining({ message: expect.stringContaining('-wal is damaged at frame') }),
    )
    const { rows, damagedTraces } = await recoverDatabase({ dataFolder: home.dataFolder, nowMs: 0 })
    expect((rows.chunks ?? 0) + damagedTraces.length).toBeGreaterThanOrEqual(5)
  })
})

/** Opens a database, stores a chunk for each trace, and copies the files meanwhile and at the end. */
async function copies(parts: readonly (readonly number[])[], between: (database: Database) => void = () => {}) {
  const folder = newFolder()
  const database = newDatabase(join(folder, 'betrace.db'))
  const buffer = new SqliteBuffer(database, () => 1_764_000_000_000, 5_000)
  const taken: string[] = []
  for (const traces of parts) {
    for (const trace of traces) {
      await buffer.append([chunkOf(1_764_000_000_000, [{ name: 'a', id: 1 }], traceIdOf(trace))])
    }
    const copy = join(newFolder(), 'data')
    cpSync(folder, copy, { recursive: true })
    taken.push(copy)
    between(database)
  }
  return taken
}

/** Copies the log into the file, so that the log begins anew. */
const checkpoint = (database: Database) => {
  database.get('PRAGMA wal_checkpoint(RESTART)')
}
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

describe('an older copy', () => {
  test('of the log beside a newer database is refused, and recovery takes the database as it is', async () => {
    const [older = '', , newer = ''] = await copies([range(0, 10), range(10, 30), [], range(30, 34)], checkpoint)
    const path = join(newer, 'betrace.db')
    cpSync(join(older, 'betrace.db-wal'), `${path}-wal`)
    expect(() => newDatabase(path)).toThrow(
      expect.objectContaining({
        code: 'corrupt',
        message: `${path}-wal is older than ${path}, or was cut off; SQLite would mix pages of different times`,
      }),
    )
    const { exitCode, out } = await runInProcess(['recover', '--data', newer])
    expect({ exitCode, out }).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining('the write-ahead log is older than the database'),
    })
    expect(chunksIn(path)).toBe(30)
    expect(newDatabase(path).promises?.losses()).toEqual([])
  })

  test('of the log that the database has taken in is harmless, and what came after it is missing', async () => {
    const [older = '', newer = ''] = await copies([range(0, 10), range(10, 30)], checkpoint)
    const path = join(newer, 'betrace.db')
    cpSync(join(older, 'betrace.db-wal'), `${path}-wal`)
    const { exitCode, out } = await runInProcess(['recover', '--data', newer])
    expect({ exitCode, out }).toMatchObject({
      exitCode: 1,
      out: expect.stringContaining('20 spans in 20 chunks that were answered'),
    })
    expect(chunksIn(path)).toBe(10)
    expect(newDatabase(path).promises?.losses()).toMatchObject([{ promised: { chunks: 30 }, left: { chunks: 10 } }])
  })

  test('of the database beside a newer log is refused, and recovery says what may be missing', async () => {
    const [older = '', , newer = ''] = await copies([range(0, 10), range(10, 30), range(30, 35)], checkpoint)
    cpSync(join(older, 'betrace.db'), join(newer, 'betrace.db'))
    const path = join(newer, 'betrace.db')
    expect(() => newDatabase(path)).toThrow(
      expect.objectContaining({ message: expect.stringContaining('is older than its log') }),
    )
    const { lost } = await recoverDatabase({ dataFolder: newer, nowMs: 0 })
    const kept = chunksIn(path)
    expect(kept + lost.chunks).toBeGreaterThanOrEqual(35)
    expect(newDatabase(path).promises?.losses()).toHaveLength(1)
  })

  test('of both without the mark is taken for what it is', async () => {
    const [older = ''] = await copies([range(0, 10), range(10, 12)])
    rmSync(join(older, 'betrace.db-promised'))
    const { promises } = newDatabase(join(older, 'betrace.db'))
    const logged: unknown[] = []
    promises?.log((...line) => logged.push(line))
    expect(promises?.losses()).toEqual([])
    expect(logged).toEqual([
      ['warn', 'the mark of what was promised is gone; whether spans are missing is not known', expect.anything()],
    ])
  })
})

describe('no loss is found', () => {
  test('after a clean stop, after kill -9 at any time, and where the mark is behind', async () => {
    const [killed = '', later = ''] = await copies([range(0, 10), range(10, 12)])
    expect(newDatabase(join(killed, 'betrace.db')).promises?.losses()).toEqual([])
    cpSync(join(killed, 'betrace.db-promised'), join(later, 'betrace.db-promised'))
    const database = new Database(join(later, 'betrace.db'), 1e9)
    expect(database.promises?.losses()).toEqual([])
    database.close()
    expect(newDatabase(join(later, 'betrace.db')).promises?.losses()).toEqual([])
    expect(existsSync(lostWritesPath(join(later, 'betrace.db')))).toBe(false)
  })

  test('in a file of the format before, which had no mark', async () => {
    const path = join(newFolder(), 'betrace.db')
    const earlier = new DatabaseSync(path)
    earlier.exec(`${SCHEMA.slice(0, 5).join('')} UPDATE promises SET kept = 7; PRAGMA user_version = 5`)
    earlier.close()
    const logged: unknown[] = []
    const { promises } = newDatabase(path)
    promises?.log((...line) => logged.push(line))
    expect({ logged, marked: readPromiseMark(path) }).toEqual({
      logged: [],
      marked: { writes: 7, chunks: 0, spans: 0 },
    })
  })

  test('where the log was copied into the file and began anew', async () => {
    const [, second = '', third = ''] = await copies([range(0, 10), range(10, 12), range(12, 13)], checkpoint)
    for (const folder of [second, third]) expect(newDatabase(join(folder, 'betrace.db')).promises?.losses()).toEqual([])
  })
})

describe('the mark of what was promised', () => {
  test('counts nothing of a write that is undone', async () => {
    const database = newDatabase()
    const promise = (chunks: number) => () => database.countPromised(chunks, 10 * chunks)
    const undone = () => {
      database.countPromised(100, 100)
      throw new RangeError('no')
    }
    await Promise.allSettled([database.write(promise(1)), database.write(undone), database.write(promise(2))])
    expect(readPromiseMark(database.path)).toEqual({ writes: 1, chunks: 3, spans: 30 })
  })

  test('that is torn tells what it told before', async () => {
    const database = newDatabase()
    const kept: (Promised | undefined)[] = []
    for (let turn = 0; turn < 3; turn++) {
      await database.touch()
      kept.push(readPromiseMark(database.path))
    }
    expect(kept.map((promised) => promised?.writes)).toEqual([1, 2, 3])
    const path = `${database.path}-promised`
    const bytes = readFileSync(path)
    bytes.fill(0xee, 512 + 8, 512 + 16)
    writeFileSync(path, bytes)
    expect(readPromiseMark(database.path)).toEqual(kept[1])
  })
})
