import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { readWal } from '../../../local/recovery/wal.ts'
import type { Database } from '../../../local/sqlite/database.ts'
import { closeDatabases, newDatabase, newFolder } from '../sqlite/databases.ts'

afterEach(closeDatabases)

const HEADER_BYTES = 32
const FRAME_BYTES = 24 + 4096

const bury = (database: Database, reason: string) =>
  database.run(`INSERT INTO buried_timers (buried_ms, reason, timer) VALUES (0, ?, '{}')`, reason)
const reasons = (database: Database) => database.all('SELECT reason FROM buried_timers').map(({ reason }) => reason)

/** A database and its log as a loss of power leaves them: everything synced, what `spoil` does to a frame among the rest. */
async function afterPowerLoss(writes: (database: Database) => Promise<void>, spoil: (wal: Buffer) => void) {
  const [path, left] = [join(newFolder(), 'betrace.db'), join(newFolder(), 'betrace.db')]
  await writes(newDatabase(path))
  copyFileSync(path, left)
  const wal = readFileSync(`${path}-wal`)
  spoil(wal)
  writeFileSync(`${left}-wal`, wal)
  return left
}

const frames = (wal: Buffer) => Math.floor((wal.length - HEADER_BYTES) / FRAME_BYTES)
const frameAt = (wal: Buffer, index: number) =>
  wal.subarray(HEADER_BYTES + index * FRAME_BYTES).subarray(0, FRAME_BYTES)

describe('after a loss of power', () => {
  test('promised writes are there, and gaps among repeatable ones are not damage', async () => {
    let promised = 0
    const path = await afterPowerLoss(
      async (database) => {
        await database.write(() => bury(database, 'promised'))
        promised = frames(readFileSync(`${database.path}-wal`))
        for (const reason of ['a', 'b', 'c']) await database.writeRepeatable(() => bury(database, reason))
      },
      (wal) => {
        expect(frames(wal)).toBeGreaterThan(promised + 2)
        frameAt(wal, promised).fill(0)
      },
    )
    expect(readWal(path, undefined)?.damagedFrame).toBeUndefined()
    expect(reasons(newDatabase(path))).toEqual(['promised'])
  })

  test('a gap before what was promised is damage, and no server starts over it', async () => {
    let first = 0
    const path = await afterPowerLoss(
      async (database) => {
        await database.write(() => bury(database, 'promised'))
        first = frames(readFileSync(`${database.path}-wal`))
        for (const reason of ['a', 'b', 'c']) await database.writeRepeatable(() => bury(database, reason))
        await database.write(() => bury(database, 'promised too'))
      },
      (wal) => frameAt(wal, first).fill(0),
    )
    expect(readWal(path, undefined)?.damagedFrame).toBe(first + 1)
    expect(() => newDatabase(path)).toThrow(
      expect.objectContaining({ code: 'corrupt', hint: expect.stringContaining('betrace recover') }),
    )
  })

  test('a log without a database beside it is read, and all that was committed counts as promised', async () => {
    const path = await afterPowerLoss(
      async (database) => {
        for (const reason of ['a', 'b', 'c']) await database.writeRepeatable(() => bury(database, reason))
      },
      (wal) => frameAt(wal, 0).fill(0),
    )
    expect(readWal(path, undefined)?.damagedFrame).toBeUndefined()
    const alone = join(newFolder(), 'betrace.db')
    copyFileSync(`${path}-wal`, `${alone}-wal`)
    expect(readWal(alone, undefined)?.damagedFrame).toBe(1)
  })
})
