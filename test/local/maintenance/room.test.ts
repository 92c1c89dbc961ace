import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { DatabaseRoom } from '../../../local/maintenance/room.ts'
import type { Runtime } from '../../../local/runtime.ts'
import { Database } from '../../../local/sqlite/database.ts'
import { SCHEMA } from '../../../local/sqlite/schema.ts'
import { type TestSpan, tracesData } from '../../pipeline/traces.ts'
import { CHARGE, type Home, metric, runtimes, statuses, VALIDATION } from '../harness.ts'
import { newDatabase } from '../sqlite/databases.ts'

const { newHome, now, pass, send, start, stop } = runtimes()

/** Sends traces as one request; returns the HTTP status. */
async function sendAll(runtime: Runtime, traces: readonly (readonly [trace: number, spans: readonly TestSpan[]])[]) {
  const parts = traces.map(([trace, spans]) => tracesData(startingNow(spans), traceIdOf(trace)))
  const headers = { 'content-type': 'application/x-protobuf' }
  const response = await fetch(`${runtime.url}/v1/traces`, { method: 'POST', headers, body: Buffer.concat(parts) })
  return response.status
}

const startingNow = (spans: readonly TestSpan[]) => spans.map((span) => ({ startMs: now(), ...span }))
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

const MB = 1e6
const HOUR_MS = 3_600_000
const traceIdOf = (trace: number) => (trace + 1).toString(16).padStart(32, '0')
/** Text that no codec can shrink by much, another for each trace. */
const noise = (trace: number, bytes: number) => {
  let text = ''
  for (let state = trace + 1; text.length < bytes; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    text += state.toString(36)
  }
  return text
}
const large = (trace: number): readonly TestSpan[] => [CHARGE, { ...VALIDATION, service: noise(trace, 4_000) }]

async function health(runtime: Runtime) {
  const response = await fetch(`${runtime.url}/healthz`)
  return { status: response.status, body: await response.json() }
}

const bytesOf = async (runtime: Runtime) => Number((await metric(runtime, 'betrace_buffer_bytes '))[0]?.split(' ')[1])
const count = (home: Home, of: string) => {
  const database = new DatabaseSync(join(home.dataFolder, 'betrace.db'))
  const row = database.prepare(`SELECT count(*) AS count FROM ${of}`).get()
  database.close()
  return Number(row?.count)
}

/** Fires on each trace; its evidence takes some kilobytes. */
const SHADOW = `// Signal: ENVIRONMENT_UNKNOWN (info)
// Mode: shadow
${Array.from({ length: 12 }, (_, index) => `not trace.has(nothing.of.this.name.is.there.${index})`).join(' and ')}
`

describe('a rule in shadow mode that fires on every trace', () => {
  test('is counted, leaves samples, and fills no database', async () => {
    const home = newHome(SHADOW)
    const runtime = await start(home, { maxDatabaseBytes: 3 * MB })
    for (let trace = 0; trace < 1_000; trace += 100) {
      expect(
        await sendAll(
          runtime,
          range(trace, trace + 100).map((each) => [each, [CHARGE]]),
        ),
      ).toBe(200)
      await pass(runtime, 30_000)
    }
    expect(await metric(runtime, 'betrace_signals_total')).toContainEqual(expect.stringMatching(/shadow="true"} 1000$/))
    // The first ten, then 16, 32, 64, 128, 256, 512.
    expect(runtime.signals.find({})).toHaveLength(16)
    expect(await bytesOf(runtime)).toBeLessThan(1.5 * MB)
    expect(await health(runtime)).toMatchObject({ status: 200, body: { status: 'ok', space: 'ok' } })
  })
})

describe('a database that fills up', () => {
  test('lets go of judged spans, oldest first, says what fills it, and judges all that comes', async () => {
    const home = newHome()
    const runtime = await start(home, { maxDatabaseBytes: 3 * MB })
    for (let trace = 0; trace < 1_500; trace += 50) {
      expect(
        await sendAll(
          runtime,
          range(trace, trace + 50).map((each) => [each, large(each)]),
        ),
      ).toBe(200)
      await pass(runtime, 30_000)
    }
    expect(await bytesOf(runtime)).toBeLessThan(0.85 * 3 * MB)
    expect(await metric(runtime, 'betrace_traces_judged_total')).toEqual([
      'betrace_traces_judged_total{complete="true"} 1500',
    ])
    const removed = await metric(runtime, 'betrace_removed_early_total{what="chunks"}')
    expect(Number(removed[0]?.split(' ')[1])).toBe(1_500 - count(home, 'chunks'))
    expect(count(home, `chunks WHERE trace_id = '${traceIdOf(1_499)}'`)).toBe(1)
    expect(await health(runtime)).toMatchObject({
      status: 200,
      body: {
        status: 'degraded',
        space: expect.stringMatching(
          /^2 of 3 MB are used, most by spans of judged traces \(\d+ %\).*removed before their time: \d+ chunks .*raise --max-database.*#the-database-fills-up/,
        ),
      },
    })

    // A late span of a trace whose spans are gone.
    await send(runtime, [{ ...CHARGE, id: 9, name: 'payment.charge' }], traceIdOf(0))
    await pass(runtime, 30_000)
    expect(await metric(runtime, 'betrace_spans_not_judged_total')).toEqual(['betrace_spans_not_judged_total 1'])
    expect(statuses(runtime)).toEqual([])
    await pass(runtime, 700_000)
    expect((await health(runtime)).body).toMatchObject({ status: 'ok', space: 'ok' })
  })

  test('with spans that wait refuses more of them alone, and takes them again once these are judged', async () => {
    const home = newHome()
    const runtime = await start(home, { maxDatabaseBytes: 2 * MB })
    let sent = 0
    while (
      (await sendAll(
        runtime,
        range(sent, sent + 10).map((each) => [each, large(each)]),
      )) === 200
    )
      sent += 10
    expect(sent).toBeGreaterThan(200)
    expect(await bytesOf(runtime)).toBeLessThan(0.91 * 2 * MB)
    expect(await metric(runtime, 'betrace_requests_refused_total')).toEqual([
      'betrace_requests_refused_total{reason="database-full"} 1',
    ])
    expect(await health(runtime)).toMatchObject({
      status: 503,
      body: {
        status: 'failing',
        buffer: 'ok',
        evaluator: 'ok',
        space: expect.stringMatching(/^spans are refused until room is made; .*most by spans that wait to be judged/),
      },
    })
    await pass(runtime, 30_000)
    await pass(runtime, 1_000)
    expect(await metric(runtime, 'betrace_traces_judged_total')).toEqual([
      `betrace_traces_judged_total{complete="true"} ${sent}`,
    ])
    expect(await send(runtime, large(sent), traceIdOf(sent))).toBe(200)
    expect((await health(runtime)).status).toBe(200)
  })

  test('with signals of an earlier version goes on, though it is at its bound', async () => {
    const home = newHome(SHADOW)
    fillAsBefore(home, 1_000, now())
    const runtime = await start(home, { maxDatabaseBytes: 2 * MB })
    expect((await health(runtime)).body).toMatchObject({ space: expect.stringContaining('most by signals') })
    await pass(runtime, 1_000)
    expect(
      await sendAll(
        runtime,
        range(0, 100).map((each) => [each, [CHARGE]]),
      ),
    ).toBe(200)
    await pass(runtime, 30_000)
    expect(await metric(runtime, 'betrace_traces_judged_total')).toEqual([
      'betrace_traces_judged_total{complete="true"} 100',
    ])
    expect(await bytesOf(runtime)).toBeLessThan(0.81 * 2 * MB)
    await stop(runtime)
  })

  test('with signals of a live rule keeps the newest, names the rule, and judges all that comes', async () => {
    const home = newHome()
    const runtime = await start(home, { maxDatabaseBytes: 2 * MB })
    for (let trace = 0; trace < 2_000; trace += 100) {
      expect(
        await sendAll(
          runtime,
          range(trace, trace + 100).map((each) => [each, [CHARGE]]),
        ),
      ).toBe(200)
      await pass(runtime, 30_000)
    }
    expect((await health(runtime)).body).toMatchObject({
      status: 'degraded',
      space: expect.stringContaining('look at PAYMENT_INVARIANT_VIOLATION, which gave 2000 signals in a day'),
    })
    expect(runtime.signals.find({ traceId: traceIdOf(1_999) })).toHaveLength(1)
    expect(await bytesOf(runtime)).toBeLessThan(0.88 * 2 * MB)
    expect(await metric(runtime, 'betrace_traces_judged_total')).toEqual([
      'betrace_traces_judged_total{complete="true"} 2000',
    ])
  })
})

/** A database of the format before, filled by signals in shadow mode that were copied to the archive, to more than 2 MB. */
function fillAsBefore(home: Home, signals: number, nowMs: number): void {
  mkdirSync(home.dataFolder, { recursive: true })
  const earlier = new DatabaseSync(join(home.dataFolder, 'betrace.db'))
  earlier.exec(`${SCHEMA.slice(0, 6).join('')} PRAGMA user_version = 6; BEGIN`)
  const insert =
    earlier.prepare(`INSERT INTO signals (event_id, time_ms, rule, severity, trace_id, shadow, event, archived)
    VALUES (?, ?, 'ENVIRONMENT_UNKNOWN', 'info', ?, 1, ?, 1)`)
  for (let index = 0; index < signals; index++) {
    const id = `${index}.live.1`
    const event = { id, data: { description: noise(index, 1_900), evidence: { text: '', clauses: [] } } }
    insert.run(id, nowMs - 30 * HOUR_MS + index, traceIdOf(index), JSON.stringify(event))
  }
  earlier.exec('COMMIT')
  earlier.close()
}

describe('making room', () => {
  const MAX = MB
  let stopwatchMs = 0
  const roomOf = (database: Database, log: unknown[] = []) =>
    new DatabaseRoom({
      database,
      maxBytes: MAX,
      judgeWindowMs: 24 * HOUR_MS,
      clock: now,
      stopwatch: () => stopwatchMs++,
      isClockDoubtful: () => false,
      log: (...line) => log.push(line),
    })
  const marker = (database: Database, trace: number, writtenMs: number, pending = '[]') =>
    database.run(
      `INSERT INTO markers (trace_id, revision, verdict, pending, written_ms) VALUES (?, 1, '{"seen":["x"],"verdicts":1}', ?, ?)`,
      ...[traceIdOf(trace), pending, writtenMs],
    )

  test('removes markers only where no late span can re-open their trace, and none with signals to send', async () => {
    const database = newDatabase()
    const old = now() - 25 * HOUR_MS
    await database.write(() => {
      for (let trace = 0; trace < 6_000; trace++) marker(database, trace, trace % 2 === 0 ? old : now() - HOUR_MS)
      marker(database, 9_000, old, '[{}]')
    })
    const logged: unknown[] = []
    const room = roomOf(database, logged)
    for (let turn = 0; turn < 50; turn++) await room.make()
    expect(room.removed.markers).toBeGreaterThan(0)
    expect(database.get('SELECT count(*) AS count FROM markers WHERE written_ms > ?', old)?.count).toBe(3_000)
    expect(database.get('SELECT pending FROM markers WHERE trace_id = ?', traceIdOf(9_000))?.pending).toBe('[{}]')
    expect(logged).toEqual([
      ['warn', expect.stringContaining('nearly full'), expect.objectContaining({ what: 'markers' })],
    ])
  })

  test('works where not a page is left', async () => {
    const database = new Database(join(newDatabase().path, '..', 'bound.db'), MAX)
    const signal = (index: number) =>
      database.run(
        `INSERT INTO signals (event_id, time_ms, rule, severity, trace_id, shadow, event, archived)
          VALUES (?, ?, 'R', 'low', ?, 1, ?, 1)`,
        ...[String(index), index, traceIdOf(index), noise(index, 700)],
      )
    let index = 0
    const full = async () => {
      for (;;) await database.write(() => signal(index++))
    }
    await expect(full()).rejects.toMatchObject({ code: 'full' })
    const room = roomOf(database)
    for (let turn = 0; turn < 20; turn++) await room.make()
    expect(database.sizeBytes()).toBeLessThanOrEqual(0.75 * MAX)
    await database.write(() => signal(index++))
    database.close()
  })
})
