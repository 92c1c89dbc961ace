import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, test } from 'vitest'
import { Database } from '../../../local/sqlite/database.ts'
import { SCHEMA } from '../../../local/sqlite/schema.ts'
import { runUnprivileged } from '../disk/namespace.ts'
import { closeDatabases, newDatabase, newFolder } from './databases.ts'

afterEach(closeDatabases)

const GIB = 1024 ** 3
const bury = (database: Database, reason: string) =>
  database.run(`INSERT INTO buried_timers (buried_ms, reason, timer) VALUES (0, ?, '{}')`, reason)
const reasons = (database: Database) => database.all('SELECT reason FROM buried_timers').map(({ reason }) => reason)

describe('writes', () => {
  test('asked for at the same time are all done, in order', async () => {
    const database = newDatabase()
    await Promise.all(Array.from({ length: 600 }, (_, index) => database.write(() => bury(database, String(index)))))
    expect(reasons(database)).toEqual(Array.from({ length: 600 }, (_, index) => String(index)))
  })

  test('of many rows share a transaction with few others, and all are done in order', async () => {
    const database = newDatabase()
    const kept = () => Number(database.get('SELECT kept FROM promises')?.kept)
    const before = kept()
    const rows = [300, 300, 300, 300, 5_000, 1, 1]
    await Promise.all(rows.map((count, index) => database.write(() => bury(database, String(index)), count)))
    expect(reasons(database)).toEqual(rows.map((_, index) => String(index)))
    expect(kept() - before).toBe(4)
  })

  test('that fail are undone, and fail alone', async () => {
    const database = newDatabase()
    const results = await Promise.allSettled([
      database.write(() => bury(database, 'first')),
      database.write(() => {
        bury(database, 'undone')
        throw new RangeError('no')
      }),
      database.write(() => database.run('INSERT INTO nowhere VALUES (1)')),
      database.write(() => bury(database, 'last')),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
    expect(results[1]).toMatchObject({ reason: { name: 'RangeError' } })
    expect(results[2]).toMatchObject({ reason: { name: 'StorageError', code: 'unavailable' } })
    expect(reasons(database)).toEqual(['first', 'last'])
  })

  test('are synced to the disk at once, those that can be repeated with the next of the others', async () => {
    const database = newDatabase()
    const synced = () => database.get('PRAGMA synchronous')?.synchronous === 2
    await database.writeRepeatable(() => bury(database, 'again'))
    expect(synced()).toBe(false)
    await Promise.all([
      database.writeRepeatable(() => bury(database, 'with another')),
      database.write(() => bury(database, 'at once')),
    ])
    expect(synced()).toBe(true)
    await database.writeRepeatable(() => bury(database, 'again'))
    expect(synced()).toBe(false)
    expect(reasons(database)).toEqual(['again', 'with another', 'at once', 'again'])
  })

  test('are there when the file is opened again', async () => {
    const path = join(newFolder(), 'betrace.db')
    const first = new Database(path, GIB)
    const written = first.write(() => bury(first, 'kept'))
    first.close()
    await written
    expect(reasons(newDatabase(path))).toEqual(['kept'])
  })
})

describe('a file that cannot be used is a StorageError that says so', () => {
  const opening = (path: string) => () => new Database(path, GIB).close()

  test('a newer format', () => {
    const path = join(newFolder(), 'betrace.db')
    newDatabase(path)
    const newer = new DatabaseSync(path)
    newer.exec('PRAGMA user_version = 99')
    newer.close()
    expect(opening(path)).toThrow(
      expect.objectContaining({
        name: 'StorageError',
        code: 'corrupt',
        message: `${path} has format 99; this release reads 8`,
        hint: 'upgrade betrace, or give it another data folder',
      }),
    )
  })

  test('no database at all', () => {
    const path = join(newFolder(), 'betrace.db')
    writeFileSync(path, 'this is a letter to my aunt'.repeat(50))
    expect(opening(path)).toThrow(expect.objectContaining({ code: 'corrupt', transient: false }))
  })

  test('a folder that does not exist', () => {
    expect(opening(join(newFolder(), 'none', 'betrace.db'))).toThrow(expect.objectContaining({ code: 'denied' }))
  })

  test('a file this user may not write', () => {
    const path = join(newFolder(), 'betrace.db')
    expect(runUnprivileged(new URL('../disk/unwritable-child.ts', import.meta.url), path)).toEqual({
      code: 'read-only',
      message: `${path}: attempt to write a readonly database`,
      hint: 'make the data folder writable for this user (docs/runbook.md#the-disk-is-read-only)',
    })
  })

  test('damage within', async () => {
    const path = join(newFolder(), 'betrace.db')
    const written = new Database(path, GIB)
    await written.write(() => bury(written, 'x'.repeat(50_000)))
    written.close()
    const bytes = Buffer.alloc(4096 * 8, 0xee)
    const file = new DatabaseSync(path)
    const { page_count: pages } = file.prepare('PRAGMA page_count').get() as { page_count: number }
    file.close()
    const { openSync, writeSync, closeSync } = await import('node:fs')
    const handle = openSync(path, 'r+')
    for (let page = pages - 10; page < pages; page++) writeSync(handle, bytes, 0, 4096, page * 4096)
    closeSync(handle)
    const database = newDatabase(path)
    expect(() => reasons(database)).toThrow(expect.objectContaining({ code: 'corrupt', transient: false }))
  })
})

test('a full database refuses what does not fit with a hint, and takes more once there is room', async () => {
  const database = new Database(join(newFolder(), 'betrace.db'), 320 * 1024)
  const large = (letter: string) => database.write(() => bury(database, letter.repeat(40_000)))
  await large('a')
  const refused = await Promise.allSettled(['b', 'c', 'd', 'e', 'f', 'g'].map(large))
  const reason = refused.find(({ status }) => status === 'rejected')
  expect(reason).toMatchObject({
    reason: {
      code: 'full',
      transient: true,
      message: `${database.path} has grown to 327680 bytes, its bound`,
      hint: expect.stringContaining('raise --max-database'),
    },
  })
  await database.write(() => database.run('DELETE FROM buried_timers'))
  await large('h')
  expect(reasons(database)).toEqual(['h'.repeat(40_000)])
  database.close()
})

test('a file of an earlier format gets what is new, and keeps what it has', async () => {
  const path = join(newFolder(), 'betrace.db')
  const earlier = new DatabaseSync(path)
  earlier.exec(`${SCHEMA[0]} INSERT INTO touched (id, times) VALUES (7, 7);
    INSERT INTO timers (visible_ms, timer) VALUES (1, '{"kind":"storm"}'), (2, '{"kind":"trace"}');
    PRAGMA user_version = 1`)
  earlier.close()
  const database = new Database(path, 1e9)
  expect(database.get('SELECT times FROM touched WHERE id = 7')?.times).toBe(7)
  expect(database.get('SELECT count(*) AS count FROM experiment_events')?.count).toBe(0)
  // Digests of storms are gone, and with them their timers.
  expect(database.all('SELECT visible_ms FROM timers')).toEqual([{ visible_ms: 2 }])
  database.close()
})

test('no statement numbers its parameters, since Node before 22.20 binds none of those', () => {
  const folder = join(import.meta.dirname, '../../../local')
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  const numbered = sources.filter((path) => /[ (]\?\d/.test(readFileSync(join(folder, path), 'utf8')))
  expect(numbered).toEqual([])
})
