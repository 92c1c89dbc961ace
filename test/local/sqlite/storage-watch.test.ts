import { afterEach, expect, test } from 'vitest'
import { type Closers, openDependencies } from '../../../local/dependencies.ts'
import { EvaluatorLoop } from '../../../local/evaluator-loop.ts'
import { healthPage } from '../../../local/server/health.ts'
import { runtimeSettings } from '../../../local/settings.ts'
import { SqliteDeliveries } from '../../../local/sqlite/sqlite-deliveries.ts'
import { storageWatch } from '../../../local/sqlite/storage-watch.ts'
import { chunkOf } from '../../pipeline/traces.ts'
import { CHARGE, runtimes } from '../harness.ts'

const { newHome } = runtimes()
const closers: Closers = []

afterEach(async () => {
  for (const closer of closers.splice(0).reverse()) await closer()
})

const UNCHECKED = { sizeBytes: () => 0, check: async () => {} }

test('a database that turns read-only refuses, says so, and judges what waited as soon as it takes writes again', async () => {
  let nowMs = 1_764_000_000_000
  const settings = runtimeSettings({ retryDelayMs: 60_000 })
  const home = newHome()
  const options = { dataFolder: home.dataFolder, rulePaths: [home.rules], clock: () => nowMs, log: () => {} }
  const parts = await openDependencies(options, settings, closers)
  const { database, evaluator, buffer, timers, signals, rules, archiveState, lines, clockWatch, senders, room } = parts
  const loop = new EvaluatorLoop(evaluator, timers, UNCHECKED)
  const watch = storageWatch(database, timers, () => {})
  const subjects = {
    database,
    loop,
    senders,
    timers,
    room,
    rules: () => rules.state,
    nowMs: () => nowMs,
    archiveState,
    lines,
    signalQueues: { all: [] },
    deliveries: new SqliteDeliveries(database),
    clockWatch,
  }
  const store = (trace: number) => buffer.append([chunkOf(nowMs, [CHARGE], trace.toString(16).padStart(32, '0'))])
  await store(1)
  // What SQLite answers on a file system that an error of the disk has turned read-only.
  database.all('PRAGMA query_only = 1')
  await expect(store(2)).rejects.toMatchObject({ code: 'read-only' })
  nowMs += 30_000
  await loop.runDue()
  await watch()
  const { status, body } = await healthPage(subjects)()
  expect({ status, ...JSON.parse(body) }).toMatchObject({
    status: 'failing',
    buffer: expect.stringMatching(/attempt to write a readonly database; make .* writable.*#the-disk-is-read-only/),
    evaluator: expect.stringMatching(/^cannot look for due traces: .*readonly/),
  })
  expect(status).toBe(503)
  database.all('PRAGMA query_only = 0')
  await watch()
  await loop.runDue()
  expect(signals.find({})).toHaveLength(1)
})

test('a trace whose timer failed because the disk was full is judged as soon as there is space, without its remaining wait', async () => {
  let nowMs = 1_764_000_000_000
  const home = newHome()
  const options = { dataFolder: home.dataFolder, rulePaths: [home.rules], clock: () => nowMs, log: () => {} }
  const settings = runtimeSettings({ retryDelayMs: 600_000, maxTransientAttempts: 2 })
  const parts = await openDependencies(options, settings, closers)
  const { database, evaluator, buffer, timers, signals } = parts
  const watch = storageWatch(database, timers, () => {})
  const full = { ...evaluator, archive: { write: () => fill() } }
  const fill = async () => {
    database.all('PRAGMA max_page_count = 1')
    await database.write(() => database.run('INSERT INTO touched VALUES (2, zeroblob(900000))'))
  }
  for (const trace of [1, 2]) await buffer.append([chunkOf(nowMs, [CHARGE], `${trace}`.padStart(32, '0'))])
  nowMs += 30_000
  const loop = new EvaluatorLoop(full, timers, UNCHECKED)
  await loop.runDue()
  nowMs += 600_000
  await loop.runDue()
  expect([signals.find({}).length, timers.counts()]).toEqual([0, { waiting: 0, buried: 2 }])
  database.all('PRAGMA max_page_count = 100000')
  await watch()
  await new EvaluatorLoop(evaluator, timers, UNCHECKED).runDue()
  expect(signals.find({})).toHaveLength(2)
})
