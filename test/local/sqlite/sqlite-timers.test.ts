import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { SCHEMA } from '../../../local/sqlite/schema.ts'
import { lastFlow, type Portion, SqliteTimers } from '../../../local/sqlite/sqlite-timers.ts'
import type { Timer } from '../../../shared/pipeline/ports.ts'
import { closeDatabases, newDatabase, newFolder } from './databases.ts'

afterEach(closeDatabases)

const NOW_MS = 1_764_000_000_000
const HOUR_MS = 3_600_000

function timer(flow: number, traceId: string, dueAtMs = NOW_MS): Timer {
  return { kind: 'trace', traceId, chunkKeys: ['c#1'], dueAtMs, attempt: 0, ...(flow > 0 && { flow }) }
}

function store(nowMs = NOW_MS) {
  const waiting = new Map<number, number>()
  const database = newDatabase()
  const onWaiting = (flow: number, change: number) => void waiting.set(flow, (waiting.get(flow) ?? 0) + change)
  return { database, waiting, timers: new SqliteTimers(database, () => nowMs, onWaiting) }
}

const FLOWS = Array.from({ length: 30 }, (_, flow) => flow)
const portion = (timers: number, cost = Infinity, sizeBytes: Portion['sizeBytes'] = () => 0) => ({
  flows: FLOWS,
  timers,
  cost,
  sizeBytes,
})
const ids = (taken: readonly { readonly timer: Timer }[]) => taken.map(({ timer: each }) => each.traceId)

describe('due timers', () => {
  test('are taken from one flow after another, those that wait longest first', async () => {
    const { timers } = store()
    await timers.arm([
      ...Array.from({ length: 200 }, (_, index) => timer(2, `flood ${index}`, NOW_MS - 60_000 + index)),
      timer(4, 'second', NOW_MS - 1),
      timer(4, 'first', NOW_MS - 2),
      timer(6, 'not due', NOW_MS + 1),
      timer(0, 'of nobody'),
    ])
    const taken = await timers.takeDue(portion(7), HOUR_MS)
    expect(ids(taken)).toEqual(['of nobody', 'flood 0', 'first', 'flood 1', 'second', 'flood 2', 'flood 3'])
    expect(taken.map(({ timer: each }) => each.kind === 'trace' && each.flow)).toEqual([undefined, 2, 4, 2, 4, 2, 2])
    expect(ids(await timers.takeDue(portion(1_000), HOUR_MS))).toHaveLength(200 - 4)
    expect(await timers.takeDue(portion(1_000), HOUR_MS)).toEqual([])
  })

  test('are no more at a time than cost so much, but for the last', async () => {
    const { timers } = store()
    await timers.arm(['a', 'b', 'c', 'd'].map((id) => timer(2, id)))
    const sizeBytes = () => 10_000
    expect(ids(await timers.takeDue(portion(9, 25_000, sizeBytes), HOUR_MS))).toEqual(['a', 'b'])
    expect(ids(await timers.takeDue(portion(9, 1, sizeBytes), HOUR_MS))).toEqual(['c'])
  })

  test('of large traces cost their flow turns, so that small ones of another have as much', async () => {
    const { timers } = store()
    const large = Array.from({ length: 5 }, (_, index) => timer(2, `large ${index}`))
    const small = Array.from({ length: 40 }, (_, index) => timer(4, `small ${index}`))
    await timers.arm([...large, ...small])
    const sizeBytes = (each: Timer) => (each.kind === 'trace' && each.traceId.startsWith('large') ? 75_000 : 0)
    const taken = ids(await timers.takeDue(portion(33, Infinity, sizeBytes), HOUR_MS))
    expect(taken.filter((id) => id.startsWith('large'))).toEqual(['large 0', 'large 1', 'large 2'])
  })

  test('are counted by flow as they come and go, and set aside without one', async () => {
    const { timers, waiting } = store()
    await timers.arm([timer(2, 'a'), timer(2, 'b'), timer(4, 'c')])
    expect([...waiting]).toEqual([
      [2, 2],
      [4, 1],
    ])
    await timers.acknowledge(await timers.takeDue(portion(2), HOUR_MS))
    expect([...waiting]).toEqual([
      [2, 1],
      [4, 0],
    ])
    await timers.bury(timer(2, 'failed'), 'no')
    expect(await timers.redrive()).toBe(1)
    expect(timers.flows()).toEqual([
      { flow: 0, nextMs: NOW_MS },
      { flow: 2, nextMs: NOW_MS },
    ])
  })

  test('of a file of an earlier format are nobody’s', async () => {
    const path = join(newFolder(), 'betrace.db')
    const earlier = new DatabaseSync(path)
    earlier.exec(`${SCHEMA.slice(0, 4).join('')} PRAGMA user_version = 4`)
    earlier
      .prepare('INSERT INTO timers (visible_ms, timer) VALUES (?, ?)')
      .run(NOW_MS, JSON.stringify(timer(0, 'earlier')))
    earlier.close()
    const database = newDatabase(path)
    const timers = new SqliteTimers(database, () => NOW_MS)
    expect(lastFlow(database)).toBe(0)
    expect((await timers.takeDue(portion(9), HOUR_MS)).map(({ timer: each }) => each)).toEqual([timer(0, 'earlier')])
  })
})

test('a trace of a small sender is taken within as many places as there are senders, whatever they queue', async () => {
  const queued = fc.array(
    fc.record({ flow: fc.integer({ min: 1, max: 12 }), count: fc.integer({ min: 1, max: 150 }) }),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  await fc.assert(
    fc.asyncProperty(
      queued,
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 90 }),
      async (others, own, taken) => {
        const { timers, database } = store()
        const flooding = others.filter(({ flow }) => flow !== own)
        await timers.arm(
          flooding.flatMap(({ flow, count }) =>
            Array.from({ length: count }, (_, index) => timer(2 * flow, 'flood', NOW_MS - 1_000 * index)),
          ),
        )
        await timers.takeDue(portion(taken), HOUR_MS)
        await timers.arm([timer(2 * own, 'ours')])
        const senders = new Set(flooding.map(({ flow }) => flow)).size + 1
        expect(ids(await timers.takeDue(portion(senders), HOUR_MS))).toContain('ours')
        await database.write(() => database.run('DELETE FROM timers'))
      },
    ),
    { numRuns: 20 },
  )
})
