import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { EvaluatorLoop } from '../../local/evaluator-loop.ts'
import { PrometheusMetrics } from '../../local/server/metrics.ts'
import { runtimeSettings } from '../../local/settings.ts'
import { SqliteBuffer } from '../../local/sqlite/sqlite-buffer.ts'
import { SqliteSignals } from '../../local/sqlite/sqlite-signals.ts'
import { SqliteTimers } from '../../local/sqlite/sqlite-timers.ts'
import type { Evaluator } from '../../shared/pipeline/evaluator.ts'
import { NO_EXPERIMENTS } from '../../shared/pipeline/experiment-calendar.ts'
import type { ArchiveEntry, RuleSet } from '../../shared/pipeline/ports.ts'
import { SignalRate } from '../../shared/pipeline/signal-rate.ts'
import { StorageError } from '../../shared/pipeline/storage-error.ts'
import { MemoryArchive, MemoryIncidentLedger, MemoryPublisher } from '../pipeline/memory-stores.ts'
import { chunkOf, has, ruleSet } from '../pipeline/traces.ts'
import { closeDatabases, newDatabase, newFolder } from './sqlite/databases.ts'

afterEach(closeDatabases)

const START_MS = 1_764_000_000_000
const RULES = ruleSet([{ name: 'CHARGED', violated: has('charge') }])
const trace = (number: number) => String(number).padStart(32, '0')

/** Loops with a connection each to one database file, as several processes would have. */
function loops(count: number, rules: RuleSet = RULES) {
  const path = join(newFolder(), 'betrace.db')
  const time = { nowMs: START_MS }
  const clock = () => time.nowMs
  const publisher = new MemoryPublisher()
  const metrics = new PrometheusMetrics()
  const settings = runtimeSettings({})
  const made = Array.from({ length: count }, (_, index) => {
    const database = newDatabase(path)
    const timers = new SqliteTimers(database, clock)
    const buffer = new SqliteBuffer(database, clock, settings.quietPeriodMs)
    const evaluator: Evaluator = {
      buffer,
      timers,
      archive: new MemoryArchive(),
      signals: new SqliteSignals(database),
      publisher,
      signalRate: new SignalRate(1_000_000),
      incidents: new MemoryIncidentLedger(),
      rules: { current: async () => rules },
      metrics,
      clock,
      stopwatch: () => 0,
      log: () => {},
      experiments: NO_EXPERIMENTS,
      newToken: () => `${index} ${Math.random()}`,
      settings,
    }
    const loop = new EvaluatorLoop(evaluator, timers, {
      sizeBytes: (traceId) => buffer.sizeBytes(traceId),
      check: async () => {},
    })
    return { loop, evaluator, timers }
  })
  return { made, time, publisher, metrics }
}

describe('evaluators', () => {
  test('two at once judge every trace once', async () => {
    const { made, time, publisher, metrics } = loops(2)
    const [first, second] = made as [(typeof made)[0], (typeof made)[0]]
    for (let number = 0; number < 300; number++) {
      await first.evaluator.buffer.append([chunkOf(time.nowMs, [{ name: 'charge', id: 1 }], trace(number))])
    }
    time.nowMs += 5_000
    await Promise.all([first.loop.runDue(), second.loop.runDue()])
    expect(publisher.published).toHaveLength(300)
    expect(new Set(publisher.published.map(({ id }) => id)).size).toBe(300)
    expect(metrics.total('tracesJudged')).toBe(300)
  })

  test('another takes up what one had in hand when it stopped for good', async () => {
    const { made, time, publisher } = loops(2)
    const [first, second] = made as [(typeof made)[0], (typeof made)[0]]
    await first.evaluator.buffer.append([chunkOf(time.nowMs, [{ name: 'charge', id: 1 }])])
    time.nowMs += 5_000
    const [due] = await first.timers.takeDue({ flows: [0], timers: 10, cost: 1e9, sizeBytes: () => 0 }, 360_000)
    await first.evaluator.buffer.takeLease(due?.timer.kind === 'trace' ? due.timer.traceId : '', undefined, {
      token: 'crashed',
      untilMs: time.nowMs + 60_000,
    })
    await second.loop.runDue()
    expect(publisher.published).toEqual([])
    time.nowMs += 360_000
    await second.loop.runDue()
    expect(publisher.published).toHaveLength(1)
  })

  test('a chunk that becomes due while its trace is in hand is judged right after', async () => {
    const { made, time, publisher, metrics } = loops(1)
    const [{ loop, evaluator }] = made as [(typeof made)[0]]
    const append = (id: number, traceId: string) =>
      evaluator.buffer.append([chunkOf(time.nowMs, [{ name: id === 1 ? 'charge' : 'other', id }], traceId)])
    const archived: string[] = []
    const hold = Promise.withResolvers<void>()
    const archive = {
      async write({ trace: { traceId } }: ArchiveEntry) {
        archived.push(traceId)
        if (traceId === trace(1)) await hold.promise
        if (traceId === trace(3)) hold.resolve()
        if (traceId !== trace(2)) return
        await append(2, trace(1))
        await append(1, trace(3))
        time.nowMs += 5_000
      },
    }
    Object.assign(evaluator, { archive })
    await append(1, trace(1))
    await append(1, trace(2))
    time.nowMs += 5_000
    await loop.runDue()
    expect(archived).toEqual([1, 2, 3, 1].map(trace))
    expect(publisher.published).toHaveLength(3)
    expect(metrics.render([])).not.toContain('outcome="held"')
  })

  test('a trace whose size cannot be read holds up no other', async () => {
    const { made, time, publisher } = loops(1)
    const [{ evaluator, timers }] = made as [(typeof made)[0]]
    const sizeBytes = (traceId: string) => {
      if (traceId === trace(1)) throw new StorageError('corrupt', 'a damaged page')
      return 0
    }
    for (const number of [0, 1, 2]) {
      await evaluator.buffer.append([chunkOf(time.nowMs, [{ name: 'charge', id: 1 }], trace(number))])
    }
    time.nowMs += 5_000
    await new EvaluatorLoop(evaluator, timers, { sizeBytes, check: async () => {} }).runDue()
    expect(publisher.published).toHaveLength(3)
  })

  test('a trace that makes the judge fail is set aside after five attempts, and its neighbours are judged', async () => {
    const poisoned = {
      ...RULES,
      judge: (judged: Parameters<RuleSet['judge']>[0]) => {
        if (judged.traceId === trace(1)) throw new TypeError('a bug')
        return RULES.judge(judged)
      },
    }
    const { made, time, publisher, metrics } = loops(1, poisoned)
    const [{ loop, evaluator, timers }] = made as [(typeof made)[0]]
    for (const number of [0, 1, 2]) {
      await evaluator.buffer.append([chunkOf(time.nowMs, [{ name: 'charge', id: 1 }], trace(number))])
    }
    time.nowMs += 5_000
    await loop.runDue()
    expect(publisher.published).toHaveLength(2)
    for (let waits = 0; waits < 10; waits++) {
      time.nowMs += 900_000
      await loop.runDue()
    }
    expect(metrics.total('timerFailures')).toBe(5)
    expect(timers.counts()).toEqual({ waiting: 0, buried: 1 })
    expect(await timers.redrive()).toBe(1)
    expect(timers.counts()).toEqual({ waiting: 1, buried: 0 })
  })
})
