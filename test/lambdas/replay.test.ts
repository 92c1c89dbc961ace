import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SFNClient } from '@aws-sdk/client-sfn'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { compactHour, GRACE_MS } from '../../shared/archive/compact.ts'
import { startExecution } from '../../shared/aws/replay/replay-execution.ts'
import { type RunReport, readReport, writeRun } from '../../shared/aws/replay/replay-runs.ts'
import type { ReplayReport } from '../../shared/replay/report.ts'
import { CONTEXT, type LocalStack, START_MS, startLocalStack } from '../emulators/local-stack.ts'
import { anyRunId, type ReplayStack, startReplayStack } from '../emulators/replay-stack.ts'
import { tracesData } from '../pipeline/traces.ts'
import { archive, HOUR_MS, recordOf } from '../replay/archived.ts'

const RULES = `
// Signal: UNVALIDATED_CHARGE (critical)
trace.has(payment.charge) and not trace.has(cart.validate)
// Signal: MANY_SPANS (low)
trace.count(payment.charge) > 1
// Signal: QUIET (low)
// Mode: shadow
trace.has(payment.charge)
`
const NEW_RULE = '// Signal: VALIDATED (info)\ntrace.has(cart.validate)'
let stack: LocalStack
let replay: ReplayStack
const start = async () => {
  stack = await startLocalStack({ rules: RULES })
  replay = await startReplayStack(stack.s3, CONTEXT)
}
const stop = async () => {
  replay.stop()
  await stack.stop()
}
/** Each test of the group has an archive of its own. */
function ownStacks(): void {
  beforeEach(start)
  afterEach(stop)
}

const RANGE = { from: '2026-01-31T00:00Z', to: '2026-02-01' }
const traceId = (number: number) => number.toString(16).padStart(32, '0')

/** Sends traces a minute apart; the nth has n % 3 charges, every fourth after a validation. */
async function shop(traces: number): Promise<void> {
  for (let n = 1; n <= traces; n++) {
    const startMs = START_MS - n * 60_000
    const names = [...(n % 4 === 0 ? ['cart.validate'] : []), ...Array.from({ length: n % 3 }, () => 'payment.charge')]
    const spans = names.map((name, i) => ({ name, id: i + 2, parent: 1, startMs: startMs + i, endMs: startMs + i }))
    await stack.send(tracesData([{ name: 'checkout', id: 1, startMs, endMs: startMs + 9 }, ...spans], traceId(n)))
  }
  await stack.settle()
}

/** The outcomes by trace. */
const found = ({ rules }: ReplayReport) =>
  rules.flatMap(({ samples }) => samples.map((sample) => `${sample.signal} ${sample.traceId}`)).toSorted()
const doneReport = async (event: object): Promise<ReplayReport> => {
  const answer = await replay.invoke(event)
  if (answer.state !== 'done') throw new Error(JSON.stringify(answer))
  return answer.report
}

describe('a small range', () => {
  ownStacks()

  test('is answered at once, by the verdicts that were given live', async () => {
    await shop(12)
    const live = (await stack.archivedSignals()).map(({ data }) => data as { signal: string; traceId: string })
    expect(live.length).toBeGreaterThan(10)
    const report = await doneReport({ ...RANGE, limit: 100 })
    expect(found(report)).toEqual(live.map((data) => `${data.signal} ${data.traceId}`).toSorted())
    expect(report).toMatchObject({ traces: 12, failures: [], archivedThrough: '2026-01-31T11:59:00.000Z' })
  })

  test('is judged by rules that come with the request, as text or files, or by some in force, by name', async () => {
    await shop(8)
    expect(found(await doneReport({ ...RANGE, rules: NEW_RULE }))).toEqual([4, 8].map((n) => `VALIDATED ${traceId(n)}`))
    const files = [{ file: 'a.rules', text: NEW_RULE }]
    expect((await doneReport({ ...RANGE, rules: files })).rules.map(({ violated }) => violated)).toEqual([2])
    const byName = await doneReport({ ...RANGE, rules: ['MANY_SPANS'] })
    expect(byName.rules.map(({ rule, violated }) => [rule, violated])).toEqual([['MANY_SPANS', 3]])
  })

  test('sends its violations where it is asked to, marked as replayed, with ids of their run', async () => {
    await shop(6)
    const before = stack.published().length
    const answer = await replay.invoke({ ...RANGE, mode: 'publish' })
    if (answer.state !== 'done') throw new Error(JSON.stringify(answer))
    const sent = stack.published().slice(before)
    const unvalidated = answer.report.rules.filter(({ rule }) => rule !== 'QUIET')
    expect(sent).toHaveLength(unvalidated.reduce((sum, { violated }) => sum + violated, 0))
    for (const { id, signalid, mode } of sent)
      expect([id, mode]).toEqual([`${signalid}.replay.${answer.run}`, 'replay'])
    const live = new Set(stack.published().map(({ signalid }) => signalid))
    expect(live.size).toBe(before)
    expect(answer.published).toEqual({ sent: sent.length, shadow: 4, withheld: 0, failed: 0 })
    const kept = (await stack.archivedSignals()).filter(({ mode }) => mode === 'replay')
    expect(kept).toHaveLength(sent.length + 4)
  })

  test('is estimated, and not read, in a dry run', async () => {
    await shop(3)
    stack.faults.decide(() => 'served')
    const answer = await replay.invoke({ ...RANGE, dryRun: true })
    expect(answer).toMatchObject({ state: 'estimated', from: '2026-01-31T00:00:00.000Z', objects: 1, atOnce: true })
    expect(stack.faults.calls.filter(({ action }) => /GET .*parquet/.test(action))).toEqual([])
  })

  test('the request that the README documents is answered', async () => {
    await shop(1)
    const readme = readFileSync(join(import.meta.dirname, '../../docs/replay.md'), 'utf8')
    const [, payload = ''] = /aws lambda invoke[^']*'(\{.*\})'/.exec(readme) ?? []
    expect(await replay.invoke(JSON.parse(payload))).toMatchObject({
      state: 'done',
      report: { traces: 1, rules: [{ rule: 'RETRIES', violated: 0 }] },
    })
  })
})

describe('a request that makes no sense is refused before anything is read:', () => {
  beforeAll(start)
  afterAll(stop)

  const cases: readonly (readonly [string, object, string, RegExp])[] = [
    ['no range', {}, 'bad-request', /from: /],
    ['a field that is none', { ...RANGE, rulez: 'x' }, 'bad-request', /rulez/],
    ['a mode that is none', { ...RANGE, mode: 'loud' }, 'bad-request', /mode: must be "report" or "publish"/],
    ['a limit beyond measure', { ...RANGE, limit: 1001 }, 'bad-request', /limit: must be at most 1000/],
    ['a time that is none', { from: 'yesterday' }, 'bad-time', /yesterday/],
    ['an empty range', { from: '-1h', to: '-2h' }, 'empty-range', /empty/],
    ['a range of years', { from: '2020-01-01', to: 'now' }, 'range-too-long', /400 days/],
    ['rules with a mistake', { ...RANGE, rules: '// Signal: A (low)\ntrace.has(' }, 'bad-rules', /request.rules:2/],
    ['rules without a rule', { ...RANGE, rules: '  ' }, 'no-rules', /no rule/],
    ['a name that is not in force', { ...RANGE, rules: ['NOPE'] }, 'unknown-rule', /NOPE/],
    ['rules without end', { ...RANGE, rules: 'x'.repeat(1024 * 1024 + 1) }, 'rules-too-large', /1048577 bytes/],
    ['brackets without end', { ...RANGE, rules: `// Signal: A (low)\n${'('.repeat(1_000)}` }, 'bad-rules', /nest/],
    ['a run that never was', { run: '20260131T120000Z-00000000' }, 'no-such-run', /no replay/],
  ]
  test.each(cases)('%s', async (_, event, code, message) => {
    stack.faults.decide(() => 'served')
    const answer = await replay.invoke(event)
    expect(answer).toMatchObject({ state: 'refused', error: { code, message: expect.stringMatching(message) } })
    expect(stack.faults.calls.filter(({ action }) => action.includes('/archive/spans'))).toEqual([])
  })
})

/** Runs the state machine on whatever is archived, however little that is. */
async function runLarge(
  mode: 'report' | 'publish' = 'report',
): Promise<{ readonly run: string; readonly report: RunReport }> {
  const run = anyRunId()
  const range = { fromMs: Date.parse('2026-01-30'), toMs: Date.parse('2026-02-02') }
  await writeRun(stack.archive, {
    id: run,
    range,
    rules: { files: [{ file: 'a.rules', text: RULES }] },
    mode,
    sampleLimit: 100,
  })
  const client = new SFNClient({})
  await startExecution({ client, arn: process.env.BETRACE_REPLAY_MACHINE ?? '' }, run)
  client.destroy()
  await replay.executions()
  return { run, report: (await readReport(stack.archive, run)) as RunReport }
}

const sketch = (n: number) => ({ traceId: traceId(n), spans: [{ name: 'payment.charge', id: 1 }] })
/** An object an hour. */
const archiveHours = (hours: number) =>
  archive(
    stack.archive,
    Array.from({ length: hours }, (_, n) =>
      recordOf({ ...sketch(n + 1), atMs: Date.parse('2026-01-31') + n * HOUR_MS }),
    ),
  )

describe('a large range', () => {
  ownStacks()

  test('starts an execution, gives its state, and ends with a report', async () => {
    await archiveHours(5)
    const damaged = [1, 2, 3, 4, 5, 6].map((n) => `spans/dt=2026-01-31/hour=06/w-${traceId(n)}.parquet`)
    for (const key of damaged) await stack.archive.put(key, Buffer.alloc(9 * 1024 * 1024))
    expect(await replay.invoke({ ...RANGE, dryRun: true })).toMatchObject({ state: 'estimated', atOnce: false })
    const answer = await replay.invoke({ ...RANGE, rules: ['UNVALIDATED_CHARGE'], limit: 2 })
    if (answer.state !== 'started') throw new Error(JSON.stringify(answer))
    expect(answer.reportAt).toBe(`s3://archive/replays/${answer.run}/report.json`)
    expect(answer.executionArn).toMatch(new RegExp(`:execution:replay:${answer.run}$`))
    expect((await replay.invoke({ run: answer.run })).state).toBe('running')
    expect((await replay.executions()).get(answer.run)).toEqual({ status: 'SUCCEEDED' })
    expect(await replay.invoke({ run: answer.run })).toMatchObject({
      state: 'done',
      report: {
        traces: 5,
        failures: damaged.map((key) => ({ key })),
        rules: [{ rule: 'UNVALIDATED_CHARGE', violated: 5, samples: [{}, {}] }],
      },
    })
  })

  test('is judged as it was live, revised and late traces too', async () => {
    await shop(9)
    await stack.send(tracesData([{ name: 'cart.validate', id: 9, parent: 1, startMs: START_MS - 60_000 }], traceId(1)))
    await stack.settle()
    const small = await doneReport({ ...RANGE, limit: 100 })
    const { report } = await runLarge()
    expect(found(report.report)).toEqual(found(small))
    expect(report.report.traces).toBe(9)
  })

  test('sends its violations once, even where a worker dies after it sent them', async () => {
    await archiveHours(3)
    let died = false
    const put = stack.faults
    put.decide(({ action }) => {
      const dies = !died && /PUT .*tallies/.test(action)
      died ||= dies
      return dies ? 'lost' : 'served'
    })
    const { run, report } = await runLarge('publish')
    expect(died).toBe(true)
    const ids = stack.published().map(({ id }) => id)
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) expect(id).toMatch(new RegExp(`\\.replay\\.${run}$`))
    expect(report.published).toMatchObject({ sent: 3, shadow: 3, failed: 0 })
  })

  test('finds what was compacted and deleted after it was planned', async () => {
    const hourMs = Date.parse('2026-01-31')
    for (const n of [1, 2, 3]) await archive(stack.archive, [recordOf({ ...sketch(n), atMs: hourMs + n })])
    replay.beforeStep = async (step) => {
      if (step !== 'worker') return
      await compactHour(stack.archive, hourMs, { nowMs: START_MS, token: 'first' })
      await compactHour(stack.archive, hourMs, { nowMs: START_MS + 2 * GRACE_MS, token: 'second' })
    }
    const { report } = await runLarge()
    expect((await stack.archive.list('spans/')).map(({ key }) => key)).toEqual([expect.stringContaining('/c-')])
    expect(report.report).toMatchObject({ traces: 3, failures: [] })
  })

  test('of an empty range is reported as empty', async () => {
    const { report } = await runLarge()
    expect(report.report).toMatchObject({ traces: 0, archivedThrough: null, failures: [] })
  })
})

describe('a failing share is tried again, then named', () => {
  ownStacks()

  test('when any one call to S3 is lost', async () => {
    await archiveHours(3)
    const whole = await runLarge()
    stack.faults.decide(() => 'served')
    await runLarge()
    const calls = stack.faults.calls.length
    expect(calls).toBeGreaterThan(15)
    for (let k = 1; k <= calls; k++) {
      stack.faults.decide(({ number }) => (number === k ? 'lost' : 'served'))
      const { report } = await runLarge()
      expect({ ...report, run: '' }).toEqual({ ...whole.report, run: '' })
    }
  })

  test('when workers die now and then, and when one share kills every worker', async () => {
    await archiveHours(3)
    let deaths = 0
    replay.beforeStep = (step) => {
      if (step === 'worker' && ++deaths % 2 === 1) throw new Error('Runtime exited')
    }
    expect((await runLarge()).report.report).toMatchObject({ traces: 3, failures: [] })
    replay.beforeStep = (step, event) => {
      if (step === 'worker' && !('failure' in (event as object))) {
        throw Object.assign(new Error('RequestId: 1 Error: Runtime exited'), { name: 'Runtime.OutOfMemory' })
      }
    }
    const { run, report } = await runLarge()
    expect((await replay.executions()).get(run)).toEqual({ status: 'SUCCEEDED' })
    expect(report.report.traces).toBe(0)
    expect(report.report.failures.map(({ key }) => key)).toEqual(
      (await stack.archive.list('spans/')).map(({ key }) => key),
    )
    expect(report.report.failures[0]?.reason).toBe('Runtime.OutOfMemory: RequestId: 1 Error: Runtime exited')
  })

  test('when no worker can even say that it failed', async () => {
    await archiveHours(2)
    replay.beforeStep = (step) => {
      if (step === 'worker') throw new Error('Runtime exited')
    }
    const { report } = await runLarge()
    expect(report.report.failures).toHaveLength(2)
    expect(report.report.failures[0]?.reason).toMatch(/nobody reported/)
  })

  test('when planning fails for good: the execution fails, and so says the report', async () => {
    await archiveHours(1)
    replay.beforeStep = (step) => {
      if (step === 'plan') throw new Error('no plan today')
    }
    const { run } = await runLarge()
    expect((await replay.executions()).get(run)).toMatchObject({ status: 'FAILED', Error: 'ReplayFailed' })
    expect(await replay.invoke({ run })).toMatchObject({ state: 'failed', reason: 'Error: no plan today' })
  })

  test('when an object is damaged: the rest is judged', async () => {
    await archiveHours(3)
    const [first] = await stack.archive.list('spans/')
    await stack.archive.put(first?.key ?? '', Buffer.from('this was a Parquet file once, before somebody wrote to it'))
    const { report } = await runLarge()
    expect(report.report).toMatchObject({ traces: 2, failures: [{ key: first?.key }] })
    const small = await doneReport({ ...RANGE })
    expect(small).toMatchObject({ traces: 2, failures: [{ key: first?.key }] })
  })
})
