import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Closers, openDependencies } from '../../../local/dependencies.ts'
import { EvaluatorLoop } from '../../../local/evaluator-loop.ts'
import type { Runtime } from '../../../local/runtime.ts'
import { healthPage } from '../../../local/server/health.ts'
import { RUNBOOK } from '../../../local/server/runbook.ts'
import { runtimeSettings } from '../../../local/settings.ts'
import { makePipe } from '../files/special-files.ts'
import { CHARGE, metric, runtimes, UNVALIDATED } from '../harness.ts'

const closers: Closers = []

afterEach(async () => {
  for (const closer of closers.splice(0).reverse()) await closer()
})

const { newHome, pass, send, start } = runtimes()

/** More than are judged in one go. */
const TRACES = 300

async function health(runtime: Runtime) {
  const response = await fetch(`${runtime.url}/healthz`)
  return { status: response.status, body: await response.json() }
}

describe('health', () => {
  test('is good while spans can be stored and traces are judged', async () => {
    const runtime = await start(newHome())
    expect(await health(runtime)).toEqual({
      status: 200,
      body: {
        status: 'ok',
        buffer: 'ok',
        database: 'ok',
        evaluator: 'ok',
        archive: 'ok',
        jsonLines: 'ok',
        webhooks: 'ok',
        receivers: 'ok',
        clock: 'ok',
        space: 'ok',
        senders: 'ok',
        rules: 'ok',
        rulesLoaded: 1,
        rulesRejected: 0,
      },
    })
  })

  test('is bad while nobody looks for due traces', async () => {
    let nowMs = 1_764_000_000_000
    const runtime = await start(newHome(), {}, { clock: () => nowMs })
    nowMs += 31_000
    expect(await health(runtime)).toMatchObject({
      status: 503,
      body: { status: 'failing', evaluator: 'has not looked for due traces for 31000 ms', buffer: 'ok' },
    })
    await runtime.runDue()
    expect((await health(runtime)).status).toBe(200)
  })

  test('is bad while the database cannot be written, and spans are refused with 503', async () => {
    const home = newHome()
    const runtime = await start(home)
    const other = new DatabaseSync(join(home.dataFolder, 'betrace.db'))
    other.exec('DROP TABLE touched; DROP TABLE chunks')
    other.close()
    expect(await health(runtime)).toMatchObject({ status: 503, body: { buffer: expect.stringContaining('touched') } })
    expect(await send(runtime, [CHARGE])).toBe(503)
  })

  test('says whose spans are refused with 503 while its traces are judged long after their turn', async () => {
    const seen: unknown[] = []
    let nowMs = 1_764_000_000_000
    let archived = 0
    const archive = {
      async write() {
        nowMs += 10
        archived++
        if (archived === 1) seen.push(await send(runtime, [CHARGE]), (await health(runtime)).body)
      },
    }
    const runtime = await start(newHome(), { maxBehindMs: 2_000 }, { clock: () => nowMs, archive })
    for (let trace = 1; trace <= TRACES; trace++) await send(runtime, [CHARGE], String(trace).padStart(32, '0'))
    nowMs += 60_000
    await runtime.runDue()
    const senders = expect.stringMatching(
      /^answered with 503, while the others are served: address 127\.0\.0\.1: traces are judged \d+ s after their turn/,
    )
    expect(seen).toEqual([503, expect.objectContaining({ status: 'degraded', evaluator: 'ok', senders })])
    expect(await send(runtime, [CHARGE])).toBe(200)
    nowMs += 10_000
    expect((await health(runtime)).body).toMatchObject({ status: 'ok', senders: 'ok' })
    expect(await metric(runtime, 'betrace_requests_refused_total')).toEqual([
      'betrace_requests_refused_total{reason="sender-behind"} 1',
    ])
  })

  test('is degraded while rules cannot be read, and says which file and what to do', async () => {
    const home = newHome()
    const runtime = await start(home)
    const settle = async () => {
      await pass(runtime, 1_000)
      await pass(runtime, 1_000)
      return health(runtime)
    }
    const pipe = makePipe(join(home.rules, 'pipe.rules'))
    rmSync(join(home.rules, 'seed.rules'))
    makePipe(join(home.rules, 'seed.rules'))
    expect(await settle()).toMatchObject({
      status: 200,
      body: {
        status: 'degraded',
        rules: `${pipe} cannot be read: it is a named pipe, not a file; put a file in its place, or delete it (${RUNBOOK.rules}); and 1 more cannot be read`,
        rulesLoaded: 1,
      },
    })
    expect(await metric(runtime, 'betrace_rule_files_unreadable')).toEqual(['betrace_rule_files_unreadable 2'])
    rmSync(home.rules, { recursive: true })
    expect((await settle()).body).toMatchObject({
      status: 'degraded',
      rules: `${home.rules} cannot be read: it does not exist; put it back, its rules stay in force until then (${RUNBOOK.rules})`,
      rulesLoaded: 1,
    })
    mkdirSync(home.rules)
    writeFileSync(join(home.rules, 'other.rules'), UNVALIDATED)
    expect((await settle()).body).toMatchObject({ status: 'ok', rules: 'ok', rulesLoaded: 1 })
  })
})

async function subjectsOfHealth() {
  const home = newHome()
  const clock = () => 1_764_000_000_000
  const options = { dataFolder: home.dataFolder, rulePaths: [home.rules], clock, log: () => {} }
  const parts = await openDependencies(options, runtimeSettings({}), closers)
  const loop = new EvaluatorLoop(parts.evaluator, parts.timers, { sizeBytes: () => 0, check: async () => {} })
  return { ...parts, loop, rules: () => parts.rules.state, nowMs: clock }
}

test('is degraded while the file of receivers has problems', async () => {
  const subjects = await subjectsOfHealth()
  let problem: string | undefined = 'notify.yaml:3:5: oncall has no key'
  const notify = { problem: () => problem }
  const page = healthPage({ ...subjects, notify })
  expect(JSON.parse((await page()).body)).toMatchObject({ status: 'degraded', notify: problem })
  problem = undefined
  expect(JSON.parse((await page()).body)).toMatchObject({ status: 'ok', notify: 'ok' })
})

test('a flood of questions about health gets the last answer, so that the disk is not kept busy by it', async () => {
  const subjects = await subjectsOfHealth()
  const touch = vi.spyOn(subjects.database, 'touch')
  let nowMs = 0
  const page = healthPage(subjects, () => nowMs)
  const writesFor = async (questions: number) => {
    touch.mockClear()
    const answers = await Promise.all(Array.from({ length: questions }, async () => (await page()).body))
    expect(answers.filter((body) => !body.startsWith('{"status":"ok"'))).toEqual([])
    return touch.mock.calls.length
  }
  expect(await writesFor(1_000)).toBe(20)
  nowMs += 1_000
  expect(await writesFor(1_000)).toBe(10)
  nowMs += 60_000
  expect(await writesFor(15)).toBe(15)
})
