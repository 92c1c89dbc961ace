import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import type { ArchiveEntry } from '../../../shared/pipeline/ports.ts'
import { CHARGE, type Home, metric, runtimes, statuses, VALIDATION } from '../harness.ts'

const { newHome, now, pass, send, start } = runtimes()

const DAY_MS = 24 * 3_600_000

function inDatabase<Result>(home: Home, work: (database: DatabaseSync) => Result): Result {
  const database = new DatabaseSync(join(home.dataFolder, 'betrace.db'))
  try {
    return work(database)
  } finally {
    database.close()
  }
}

const count = (home: Home, table: string) =>
  inDatabase(home, (database) => database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.rows)

describe('what has had its time', () => {
  test('is removed: judged chunks after the judge window, what is known of their trace after 21 days, signals after 90', async () => {
    const home = newHome()
    const runtime = await start(home)
    await send(runtime, [CHARGE])
    await pass(runtime, 5_000)
    await pass(runtime, DAY_MS - 5_000)
    expect([count(home, 'chunks'), count(home, 'markers'), count(home, 'signals')]).toEqual([1, 1, 1])
    await pass(runtime, 1)
    expect([count(home, 'chunks'), count(home, 'markers'), count(home, 'signals')]).toEqual([0, 1, 1])
    await pass(runtime, 20 * DAY_MS + 5_000)
    expect([count(home, 'markers'), count(home, 'signals')]).toEqual([0, 1])
    await pass(runtime, 90 * DAY_MS)
    expect(count(home, 'signals')).toBe(0)
    expect(await metric(runtime, 'betrace_traces_rescued_total')).toEqual(['betrace_traces_rescued_total 0'])
  })

  test('is judged before it is removed if no verdict took it in', async () => {
    const home = newHome()
    const archived: ArchiveEntry[] = []
    const archive = { write: async (entry: ArchiveEntry) => void archived.push(entry) }
    const runtime = await start(home, {}, { archive })
    await send(runtime, [CHARGE])
    inDatabase(home, (database) => database.exec('DELETE FROM timers'))
    await pass(runtime, 6 * DAY_MS)
    expect(statuses(runtime)).toEqual([])
    await pass(runtime, DAY_MS + 1)
    expect(statuses(runtime)).toEqual(['PAYMENT_INVARIANT_VIOLATION firing 1'])
    expect(runtime.signals.find({})[0]?.event.data.complete).toBe(false)
    expect(archived.map(({ reason }) => reason)).toEqual(['rescued'])
    expect(await metric(runtime, 'betrace_traces_rescued_total')).toEqual(['betrace_traces_rescued_total 1'])
    expect(count(home, 'chunks')).toBe(0)
  })

  test('is dropped and counted if it cannot be judged for a week more', async () => {
    const home = newHome()
    const archive = {
      write: async () => {
        throw new Error('no archive')
      },
    }
    const runtime = await start(home, {}, { archive })
    await send(runtime, [CHARGE])
    inDatabase(home, (database) => database.exec('DELETE FROM timers'))
    await pass(runtime, 8 * DAY_MS)
    expect(count(home, 'chunks')).toBe(1)
    await pass(runtime, 6 * DAY_MS + 1)
    expect(count(home, 'chunks')).toBe(0)
    expect(await metric(runtime, 'betrace_chunks_dropped_total')).toEqual(['betrace_chunks_dropped_total 1'])
  })

  test('leaves what is younger, or of a trace that has a younger chunk', async () => {
    const home = newHome()
    const runtime = await start(home)
    await send(runtime, [CHARGE])
    await pass(runtime, 20_000)
    await send(runtime, [CHARGE], 'a'.repeat(32))
    await pass(runtime, DAY_MS / 2)
    await send(runtime, [{ ...VALIDATION, startMs: now() }])
    await pass(runtime, 20_000)
    await pass(runtime, (3 * DAY_MS) / 4)
    expect(count(home, 'chunks')).toBe(2)
    expect(count(home, `chunks WHERE trace_id = '${'a'.repeat(32)}'`)).toBe(0)
  })

  test('leaves a trace of which a late span is archived, counted and not judged', async () => {
    const home = newHome()
    const archived: ArchiveEntry[] = []
    const archive = { write: async (entry: ArchiveEntry) => void archived.push(entry) }
    const runtime = await start(home, {}, { archive })
    await send(runtime, [CHARGE])
    await pass(runtime, 20_000)
    await pass(runtime, 2 * DAY_MS)
    const size = () => inDatabase(home, (database) => database.prepare('SELECT verdict FROM markers').get()?.verdict)
    expect(JSON.parse(String(size()))).toMatchObject({ seen: [], verdicts: 1, truncated: true, signals: [] })
    await send(runtime, [VALIDATION])
    await pass(runtime, 20_000)
    expect(statuses(runtime)).toEqual(['PAYMENT_INVARIANT_VIOLATION firing 1'])
    expect(archived.map(({ reason, revision }) => `${reason} ${revision}`)).toEqual(['verdict 1', 'late 1'])
    expect(archived[1]?.filing).toEqual(archived[0]?.filing)
    expect(await metric(runtime, 'betrace_spans_not_judged_total')).toEqual(['betrace_spans_not_judged_total 1'])
    await pass(runtime, 2 * DAY_MS)
    expect(count(home, 'chunks')).toBe(0)
  })
})
