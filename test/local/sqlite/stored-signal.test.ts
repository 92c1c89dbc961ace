import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { SCHEMA } from '../../../local/sqlite/schema.ts'
import { SqliteBuffer } from '../../../local/sqlite/sqlite-buffer.ts'
import { SqliteSignals } from '../../../local/sqlite/sqlite-signals.ts'
import { dropWrittenTexts } from '../../../local/sqlite/stored-signal.ts'
import type { PendingSignal } from '../../../shared/pipeline/ports.ts'
import type { SignalEvent, SignalStatus } from '../../../shared/pipeline/signal.ts'
import { CHARGE, runtimes, VALIDATION } from '../harness.ts'
import { newDatabase, newFolder } from './databases.ts'

const { newHome, pass, send, start } = runtimes()

/** An hour starts with it. */
const NOW_MS = 1_764_000_000_000
const HOUR_MS = 3_600_000
const traceIdOf = (trace: number) => (trace + 1).toString(16).padStart(32, '0')

/** A status of the signal that a rule gives on a trace. */
function signal(trace: number, of: { rule?: string; atMs?: number; status?: SignalStatus; shadow?: boolean } = {}) {
  const { rule = 'R', atMs = NOW_MS, status = 'firing', shadow = true } = of
  const sequence = status === 'firing' ? 1 : 2
  const signalid = `${rule}-${trace}`
  const span = { spanId: `${trace}`, name: 'charge', service: 'shop', values: { amount: 7 } }
  const clause = { block: 'pattern', depth: 0, clause: 'trace.has(charge)', holds: true, seen: '1 of 1 span' }
  const clauses = [{ ...clause, spans: [span], spanCount: 1, nearMisses: [], nearMissCount: 0 }]
  const event = {
    id: `${signalid}.live.${sequence}`,
    ...{ signalid, sequence, status, time: new Date(atMs).toISOString() },
    data: {
      ...{ signal: rule, severity: 'low', traceId: traceIdOf(trace), service: 'shop', tags: [] },
      ruleDescription: 'what the rule is about',
      description: 'what the rule is about\nwhy it fired',
      evidence: { text: 'why it fired', clauses, truncated: false },
    },
  }
  return { event: event as unknown as SignalEvent, shadow } satisfies PendingSignal
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)
/** What is counted, as `rule hours-since status count`. */
const counts = (database: ReturnType<typeof newDatabase>) =>
  database
    .all('SELECT * FROM signal_counts ORDER BY hour_ms, rule, status, shadow')
    .map((row) => `${row.rule} ${(Number(row.hour_ms) - NOW_MS) / HOUR_MS} ${row.status} ${row.count}`)

describe('a signal in shadow mode', () => {
  test('is kept as one of the first ten of its rule and hour, and at each power of two, else counted', async () => {
    const database = newDatabase()
    const store = new SqliteSignals(database)
    await store.record(range(0, 100).map((trace) => signal(trace)))
    await store.record(range(200, 205).map((trace) => signal(trace, { rule: 'S' })))
    await store.record(range(300, 312).map((trace) => signal(trace, { atMs: NOW_MS + HOUR_MS })))
    const kept = store.find({ rule: 'R', toMs: NOW_MS + HOUR_MS }).map(({ event }) => event.data.traceId)
    expect(kept).toEqual([...range(0, 10), 15, 31, 63].map(traceIdOf))
    expect(store.find({ rule: 'S' })).toHaveLength(5)
    expect(store.find({ fromMs: NOW_MS + HOUR_MS })).toHaveLength(10)
    expect(counts(database)).toEqual(['R 0 firing 100', 'S 0 firing 5', 'R 1 firing 12'])
    expect(store.find({ limit: 1 })[0]).toEqual(signal(0))
  })

  test('is kept whole as often as a setting says', async () => {
    const database = newDatabase()
    const store = new SqliteSignals(database, undefined, { line: false, copy: false, firstSamples: 100 })
    await store.record(range(0, 200).map((trace) => signal(trace)))
    expect(store.find({})).toHaveLength(101)
    expect(counts(database)).toEqual(['R 0 firing 200'])
  })

  test('is counted once, however often it comes, and with a verdict or not at all', async () => {
    const database = newDatabase()
    const buffer = new SqliteBuffer(database, () => NOW_MS, 5_000)
    const verdict = { seen: ['x'], verdicts: 1, truncated: false, signals: [], pending: [signal(1), signal(2)] }
    await buffer.takeLease('t', undefined, { token: 'a', untilMs: NOW_MS + 1 })
    expect(await buffer.commit('t', 'taken over', verdict)).toBe(false)
    expect(counts(database)).toEqual([])
    expect(await buffer.commit('t', 'a', verdict)).toBe(true)
    await new SqliteSignals(database).record([signal(1), signal(2)])
    expect(counts(database)).toEqual(['R 0 firing 2'])
  })

  test('that is retracted keeps its count; the retraction is kept where the signal is', async () => {
    const database = newDatabase()
    const store = new SqliteSignals(database)
    await store.record(range(0, 100).map((trace) => signal(trace)))
    await store.record(range(0, 100).map((trace) => signal(trace, { status: 'retracted' })))
    expect(counts(database)).toEqual(['R 0 firing 100', 'R 0 retracted 100'])
    const stored = (status: SignalStatus) =>
      store.find({}).flatMap(({ event }) => (event.status === status ? [event.data.traceId] : []))
    expect(stored('retracted')).toEqual(stored('firing'))
  })
})

describe('a signal of a live rule', () => {
  test('is kept, and past the samples without its text once its line and its copy are written', async () => {
    const database = newDatabase()
    const store = new SqliteSignals(database, undefined, { line: true, copy: true, firstSamples: 10 })
    const all = range(0, 20).map((trace) => signal(trace, { shadow: false }))
    await store.record(all)
    expect(store.find({})).toEqual(all)
    const written = async (column: 'lined' | 'archived') => {
      await database.write(() => database.run(`UPDATE signals SET ${column} = 1`))
      await database.write(() =>
        dropWrittenTexts(
          database,
          all.map(({ event }) => event.id),
        ),
      )
    }
    await written('archived')
    expect(store.find({})).toEqual(all)
    await written('lined')
    const found = store.find({})
    expect(found.slice(0, 10)).toEqual(all.slice(0, 10))
    expect(found[15]).toEqual(all[15])
    expect(found[12]?.event).toMatchObject({
      ...{ id: all[12]?.event.id, signalid: 'R-12', status: 'firing', sequence: 1 },
      data: {
        ...{ traceId: traceIdOf(12), severity: 'low', ruleDescription: 'what the rule is about' },
        description: expect.stringMatching(/^what the rule is about\nthe evidence was not kept; betrace explain/),
        evidence: {
          text: expect.stringContaining('betrace explain'),
          clauses: [{ spans: [{ spanId: '12', name: 'charge', service: 'shop', values: {} }], spanCount: 1 }],
          truncated: true,
        },
      },
    })
    expect(Number(database.get('SELECT count(*) AS count FROM signal_evidence')?.count)).toBe(11)
  })

  test('is told whole: as a line of JSON, and in the archive', async () => {
    const home = newHome()
    const jsonLinesFile = join(home.dataFolder, '..', 'signals.jsonl')
    const runtime = await start(home, {}, { jsonLinesFile }, true)
    for (const trace of range(0, 40)) await send(runtime, [CHARGE], traceIdOf(trace))
    await pass(runtime, 20_000)
    await pass(runtime, 90_000)
    const folder = join(home.dataFolder, 'archive', 'signals')
    const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.gz'))
    const copies = files.map((name) => gunzipSync(readFileSync(join(folder, name))).toString())
    for (const text of [readFileSync(jsonLinesFile, 'utf8'), copies.join('')]) {
      const events = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as SignalEvent)
      expect(events).toHaveLength(40)
      expect(events.filter(({ data }) => !data.evidence.text.includes('✓ trace.has(payment.charge)'))).toEqual([])
    }
    const left = runtime.signals.find({}).filter(({ event }) => event.data.evidence.text.includes('✓ trace.has'))
    expect(left).toHaveLength(12)
  })

  test('is retracted and fires again as before, past the samples too', async () => {
    const runtime = await start(newHome())
    for (const trace of range(0, 12)) await send(runtime, [CHARGE], traceIdOf(trace))
    await pass(runtime, 20_000)
    await send(runtime, [VALIDATION], traceIdOf(11))
    await pass(runtime, 20_000)
    expect(runtime.signals.find({ traceId: traceIdOf(11) }).map(({ event }) => event.status)).toEqual([
      'firing',
      'retracted',
    ])
    const response = await fetch(`${runtime.url}/v1/invariants/health?window=1h`)
    expect(await response.json()).toMatchObject({ firing: [{ traceId: expect.not.stringMatching(traceIdOf(11)) }] })
  })
})

test('a rule in shadow mode needs no sync to the disk, and its verdict no second write', async () => {
  const home = newHome('// Signal: S (low)\n// Mode: shadow\ntrace.has(payment.charge)\n')
  const runtime = await start(home)
  await send(runtime, [CHARGE])
  const promised = () => readFileSync(join(home.dataFolder, 'betrace.db-promised'))
  const before = promised()
  await pass(runtime, 20_000)
  expect(runtime.signals.find({}).map(({ event, shadow }) => ({ status: event.status, shadow }))).toEqual([
    { status: 'firing', shadow: true },
  ])
  expect(promised().equals(before)).toBe(true)
  await send(runtime, [VALIDATION])
  await pass(runtime, 20_000)
  expect(runtime.signals.find({})).toHaveLength(1)
})

test('signals and markers of the format before are read as they were written', async () => {
  const path = join(newFolder(), 'betrace.db')
  const earlier = new DatabaseSync(path)
  earlier.exec(`${SCHEMA.slice(0, 6).join('')} PRAGMA user_version = 6`)
  const stored = signal(1, { shadow: false })
  const { event } = stored
  earlier
    .prepare(
      'INSERT INTO signals (event_id, time_ms, rule, severity, trace_id, shadow, event) VALUES (?, ?, ?, ?, ?, 0, ?)',
    )
    .run(event.id, NOW_MS, 'R', 'low', event.data.traceId, JSON.stringify(event))
  earlier
    .prepare(
      'INSERT INTO markers (trace_id, revision, lease_token, lease_until_ms, verdict, pending, written_ms) VALUES (?, 1, ?, 0, ?, ?, 0)',
    )
    .run('t', 'a', '{"seen":[],"verdicts":1,"truncated":false,"signals":[]}', JSON.stringify([stored]))
  earlier.close()
  const database = newDatabase(path)
  const buffer = new SqliteBuffer(database, () => NOW_MS, 5_000)
  expect(new SqliteSignals(database).find({})).toEqual([stored])
  expect((await buffer.readMarker('t'))?.pending).toEqual([stored])
  expect(await buffer.settle('t', 'a', [])).toBe(true)
  expect((await buffer.readMarker('t'))?.pending).toEqual([])
})
