import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, test } from 'vitest'
import { openPageFile } from '../../../local/recovery/page-file.ts'
import { readPages } from '../../../local/recovery/read-rows.ts'
import { recoverDatabase } from '../../../local/recovery/recover.ts'
import { Database } from '../../../local/sqlite/database.ts'
import { SqliteBuffer } from '../../../local/sqlite/sqlite-buffer.ts'
import { runInProcess } from '../../cli/fake-terminal.ts'
import { chunkOf } from '../../pipeline/traces.ts'
import { closeDatabases, newFolder } from '../sqlite/databases.ts'

afterEach(closeDatabases)

const NOW_MS = 1_764_000_000_000
const CHUNKS = 400
const traceIdOf = (trace: number) => (trace + 1).toString(16).padStart(32, '0')

/** A data folder with chunks, some larger than a page. */
async function withChunks(): Promise<{ readonly dataFolder: string; readonly path: string }> {
  const dataFolder = newFolder()
  const path = join(dataFolder, 'betrace.db')
  const database = new Database(path, 1e9)
  const buffer = new SqliteBuffer(database, () => NOW_MS, 5_000)
  const chunks = Array.from({ length: CHUNKS }, (_, trace) => {
    const service = Array.from({ length: trace % 50 === 0 ? 3_000 : 3 }, (_, word) =>
      (word * 7919 + trace).toString(36),
    ).join(' ')
    return chunkOf(NOW_MS, [{ name: 'a', id: 1, service }], traceIdOf(trace))
  })
  await buffer.append(chunks)
  database.close()
  return { dataFolder, path }
}

const traces = (path: string) => {
  const database = new DatabaseSync(path, { readOnly: true })
  const rows = database
    .prepare('SELECT trace_id, (SELECT count(*) FROM timers WHERE instr(timer, trace_id) > 0) AS timers FROM chunks')
    .all()
  database.close()
  return rows as unknown as readonly { readonly trace_id: string; readonly timers: number }[]
}

function overwrite(path: string, page: number, bytes: Buffer): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, (page - 1) * 4096)
  closeSync(file)
}

const NOISE = Buffer.alloc(4096, 0xee)

describe('recovering a database', () => {
  test('keeps every row that is not on the damaged page, whichever it is, and a timer for each trace', async () => {
    const { dataFolder, path } = await withChunks()
    const clean = openPageFile(path)
    const pages = [...readPages(clean)]
    const chunksOf = new Map(
      pages.map(({ page, rows }) => [page, rows.filter(({ table }) => table === 'chunks').length]),
    )
    const { pageCount } = clean
    clean.close()
    expect([...chunksOf.values()].reduce((sum, count) => sum + count, 0)).toBe(CHUNKS)
    const original = readFileSync(path)
    for (let page = 1; page <= pageCount; page += page < 2 ? 1 : 31) {
      writeFileSync(path, original)
      overwrite(path, page, NOISE)
      const { rows, keptAs } = await recoverDatabase({ dataFolder, nowMs: NOW_MS })
      // An overflow page takes along the one chunk that goes on there.
      expect(CHUNKS - (rows.chunks ?? 0)).toBeLessThanOrEqual(Math.max(1, chunksOf.get(page) ?? 0))
      const left = traces(path)
      expect(left.filter(({ timers }) => timers !== 1)).toEqual([])
      rmSync(keptAs)
    }
  }, 60_000)

  test('names the traces that lost chunks, and leaves the damaged file beside the new', async () => {
    const { dataFolder, path } = await withChunks()
    const file = openPageFile(path)
    const page = [...readPages(file)].find(({ rows }) => rows.length > 5 && rows[0]?.table === 'chunks')
    file.close()
    overwrite(path, page?.page ?? 0, Buffer.concat([Buffer.from([13, 0, 0, 0, 1, 0, 0]), NOISE.subarray(7)]))
    const { exitCode, out } = await runInProcess(['recover', '--data', dataFolder])
    expect(exitCode).toBe(1)
    expect(out).toContain(`${page?.rows.length} traces lost spans before they were judged`)
    expect(out).toContain(`  ${page?.rows[0]?.row.trace_id}\n`)
    expect(readdirSync(dataFolder).filter((name) => name.includes('.damaged-'))).toHaveLength(1)
    expect(traces(path)).toHaveLength(CHUNKS - (page?.rows.length ?? 0))
  })

  test('that was cut short while the files changed places goes on, and no server starts before', async () => {
    const { dataFolder, path } = await withChunks()
    copyFileSync(path, `${path}.recovered`)
    renameSync(path, `${path}.damaged-then`)
    expect(() => new Database(path, 1e9)).toThrow(
      expect.objectContaining({ code: 'corrupt', message: expect.stringContaining('was cut short') }),
    )
    await recoverDatabase({ dataFolder, nowMs: NOW_MS })
    expect(traces(path)).toHaveLength(CHUNKS)
    expect(existsSync(`${path}.recovered`)).toBe(false)
  })

  test('of a folder without a database is bad input', async () => {
    const { exitCode, err } = await runInProcess(['recover', '--data', newFolder()])
    expect({ exitCode, err }).toMatchObject({ exitCode: 2, err: expect.stringContaining('there is no database in') })
  })
})

describe('a server does not start over', () => {
  const opening = (path: string) => () => new Database(path, 1e9).close()

  test('a file that was emptied', () => {
    const folder = newFolder()
    const path = join(folder, 'betrace.db')
    writeFileSync(path, '')
    opening(path)()
    writeFileSync(path, '')
    mkdirSync(join(folder, 'archive-journal'))
    expect(opening(path)).toThrow(
      expect.objectContaining({ code: 'corrupt', message: `${path} is empty, though a server has used it` }),
    )
  })

  test('a database of another program, and leaves it as it is', () => {
    const path = join(newFolder(), 'betrace.db')
    const other = new DatabaseSync(path)
    other.exec('CREATE TABLE songs (title TEXT)')
    other.close()
    const before = readFileSync(path)
    expect(opening(path)).toThrow(
      expect.objectContaining({ code: 'corrupt', message: `${path} is a database of another program` }),
    )
    const after = new DatabaseSync(path)
    expect(after.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()).toEqual({ tables: 1 })
    after.close()
    expect(before.length).toBeGreaterThan(0)
  })

  test('damage within the write-ahead log, whose later frames are then recovered; a torn end is not damage', async () => {
    const folder = newFolder()
    const path = join(folder, 'betrace.db')
    const database = new Database(path, 1e9)
    for (let index = 0; index < 5; index++) {
      await database.write(() =>
        database.run("INSERT INTO buried_timers (buried_ms, reason, timer) VALUES (1, 'x', '{}')"),
      )
      await new SqliteBuffer(database, () => NOW_MS, 5_000).append([
        chunkOf(NOW_MS, [{ name: 'a', id: 1 }], traceIdOf(index)),
      ])
    }
    const copy = join(newFolder(), 'betrace.db')
    copyFileSync(path, copy)
    copyFileSync(`${path}-wal`, `${copy}-wal`)
    database.close()
    const wal = readFileSync(`${copy}-wal`)
    const frames = Math.floor((wal.length - 32) / 4120)
    const torn = Buffer.from(wal)
    torn.fill(0, 32 + (frames - 1) * 4120 + 2000)
    writeFileSync(`${copy}-wal`, torn)
    const [whole, shm] = [readFileSync(copy), `${copy}-shm`]
    opening(copy)()
    writeFileSync(copy, whole)
    rmSync(shm, { force: true })
    wal.writeUInt8(wal.readUInt8(32 + 3 * 4120 + 100) ^ 1, 32 + 3 * 4120 + 100)
    writeFileSync(`${copy}-wal`, wal)
    expect(opening(copy)).toThrow(
      expect.objectContaining({
        code: 'corrupt',
        message: expect.stringMatching(/-wal is damaged at frame 4; SQLite would forget/),
      }),
    )
    const { damagedFrame, rows } = await recoverDatabase({ dataFolder: join(copy, '..'), nowMs: NOW_MS })
    expect({ damagedFrame, chunks: rows.chunks }).toEqual({ damagedFrame: 4, chunks: 5 })
  })
})
