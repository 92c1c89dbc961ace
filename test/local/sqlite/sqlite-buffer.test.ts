import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Database } from '../../../local/sqlite/database.ts'
import { SqliteBuffer } from '../../../local/sqlite/sqlite-buffer.ts'
import { type Chunk, newChunk } from '../../../shared/pipeline/chunk.ts'
import { closeDatabases, newDatabase, newFolder } from './databases.ts'

afterEach(closeDatabases)

const NOW_MS = 1_764_000_000_000
const QUIET_MS = 5_000

function chunks(count: number, bytes = 40): readonly Chunk[] {
  return Array.from({ length: count }, (_, index) => {
    const content = Buffer.alloc(bytes, `${index} `)
    return newChunk(String(index).padStart(32, '0'), NOW_MS, content, 1)
  })
}

function store(path = join(newFolder(), 'betrace.db')) {
  const waiting: [flow: number, change: number][] = []
  const database = newDatabase(path)
  const onWaiting = (flow: number, change: number) => void waiting.push([flow, change])
  const buffer = new SqliteBuffer(database, () => NOW_MS, QUIET_MS, { onWaiting })
  return { path, database, buffer, waiting }
}

const count = (database: Database, of: string) => Number(database.get(`SELECT count(*) AS count FROM ${of}`)?.count)
const promises = (database: Database) => Number(database.get('SELECT kept FROM promises')?.kept)

describe('a request of many traces', () => {
  test('is stored slice by slice, and others write in between', async () => {
    const { database, buffer } = store()
    const ended: string[] = []
    const large = buffer.append(chunks(2_000)).then(() => ended.push('large'))
    for (const name of ['a', 'b', 'c']) {
      await buffer.append([newChunk(name.repeat(32), NOW_MS, Buffer.from(name), 1)])
      ended.push(name)
    }
    await large
    expect(ended).toEqual(['a', 'b', 'c', 'large'])
    expect(count(database, 'chunks')).toBe(2_003)
  })

  test('is synced to the disk once, with its last slice', async () => {
    const { database, buffer } = store()
    const before = promises(database)
    let last = 0
    function* watched() {
      for (const chunk of chunks(1_000)) {
        last = promises(database)
        yield chunk
      }
    }
    await buffer.append(watched())
    expect([last, promises(database)]).toEqual([before, before + 1])
  })

  test('is hashed and packed as it is stored, and a large chunk goes alone', async () => {
    const { database, buffer } = store()
    const stored: number[] = []
    function* watched() {
      for (const chunk of [...chunks(2, 300 * 1024), ...chunks(300)]) {
        stored.push(count(database, 'chunks'))
        yield chunk
      }
    }
    await buffer.append(watched())
    expect(new Set(stored)).toEqual(new Set([0, 1, 2, 130, 258]))
  })

  test('that is cut off by a crash leaves whole slices, each chunk with its timer, and may be sent again', async () => {
    const { path, buffer } = store()
    const crashed = join(newFolder(), 'betrace.db')
    const all = chunks(600)
    function* crashing() {
      for (const [index, chunk] of all.entries()) {
        if (index === 500) for (const end of ['', '-wal']) copyFileSync(path + end, crashed + end)
        yield chunk
      }
    }
    await buffer.append(crashing())
    const left = store(crashed)
    expect([count(left.database, 'chunks'), count(left.database, 'timers')]).toEqual([384, 384])
    await left.buffer.append(all)
    expect([count(left.database, 'chunks'), count(left.database, 'timers')]).toEqual([600, 600])
  })

  test('that does not fit on the disk is refused, and stored once when it is sent again', async () => {
    const { database, buffer, waiting } = store()
    const [{ page_count: pages }] = database.all('PRAGMA page_count') as [{ page_count: number }]
    database.all(`PRAGMA max_page_count = ${pages + 40}`)
    const all = chunks(1_000)
    await expect(buffer.append(all)).rejects.toMatchObject({ code: 'full' })
    const stored = count(database, 'chunks')
    expect([stored % 128, stored > 0]).toEqual([0, true])
    expect(waiting.reduce((sum, [, change]) => sum + change, 0)).toBe(stored)
    database.all('PRAGMA max_page_count = 100000')
    await buffer.append(all)
    expect([count(database, 'chunks'), count(database, 'timers')]).toEqual([1_000, 1_000])
    expect(waiting.reduce((sum, [, change]) => sum + change, 0)).toBe(1_000)
  })

  test('has its first traces in the flow of its sender and the rest in the next', async () => {
    const { database, buffer, waiting } = store()
    await buffer.append(chunks(300), 6)
    const rows = database.all('SELECT flow, count(*) AS count FROM timers GROUP BY flow')
    expect(rows).toEqual([
      { flow: 6, count: 256 },
      { flow: 7, count: 44 },
    ])
    expect(waiting).toEqual([
      [6, 128],
      [6, 128],
      [7, 44],
    ])
  })

  test('has all of them in no flow where nobody sent it', async () => {
    const { database, buffer } = store()
    await buffer.append(chunks(300))
    expect(database.all('SELECT DISTINCT flow FROM timers')).toEqual([{ flow: 0 }])
  })
})
