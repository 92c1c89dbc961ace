import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { TRACE_ID } from '../pipeline/traces.ts'
import { CHARGE, metric, runtimes, statuses, UNVALIDATED, VALIDATION } from './harness.ts'

const { newHome, now, pass, send, start, stop } = runtimes()

const DAY_MS = 24 * 3_600_000
const FIRING = 'PAYMENT_INVARIANT_VIOLATION firing 1'
const RETRACTED = 'PAYMENT_INVARIANT_VIOLATION retracted 2'

describe('from OTLP in to signals out', () => {
  test('a trace that breaks a rule gives its signal once the quiet period is over', async () => {
    const runtime = await start(newHome())
    expect(await send(runtime, [CHARGE])).toBe(200)
    await pass(runtime, 4_999)
    expect(statuses(runtime)).toEqual([])
    await pass(runtime, 1)
    expect(statuses(runtime)).toEqual([FIRING])
    const [signal] = runtime.signals.find({ traceId: TRACE_ID })
    expect(signal?.event.data).toMatchObject({
      severity: 'critical',
      runbook: 'https://runbooks.example/payments',
      service: 'payments',
      complete: true,
    })
    expect(signal?.event.data.evidence.text).toContain('0 of 1 span named cart.validate')
  })

  test('each signal reaches the screen once, and the lines of JSON', async () => {
    const [screen, jsonLines] = [new PassThrough(), new PassThrough()]
    const runtime = await start(newHome(), {}, { screen, jsonLines })
    await send(runtime, [CHARGE])
    await pass(runtime, 5_000)
    await pass(runtime, 5_000)
    const shown = String(screen.read())
    expect(shown.match(/CRITICAL PAYMENT_INVARIANT_VIOLATION/g)).toHaveLength(1)
    expect(shown).toContain('incident opened: PAYMENT_INVARIANT_VIOLATION broken in payments since')
    expect(shown).toContain(`trace ${TRACE_ID} · payments`)
    expect(shown).toContain('runbook: https://runbooks.example/payments')
    const lines = String(jsonLines.read()).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual(runtime.signals.find({}).map(({ event }) => event))
  })

  test('each new chunk restarts the quiet period', async () => {
    const runtime = await start(newHome())
    await send(runtime, [CHARGE])
    await pass(runtime, 4_000)
    await send(runtime, [VALIDATION])
    await pass(runtime, 4_000)
    expect(runtime.stats().tracesJudged).toBe(0)
    await pass(runtime, 1_000)
    expect(runtime.stats().tracesJudged).toBe(1)
    expect(statuses(runtime)).toEqual([])
  })

  test('a trace without its root waits longer, and its signal says that it is incomplete', async () => {
    const runtime = await start(newHome())
    await send(runtime, [{ ...CHARGE, parent: 9 }])
    await pass(runtime, 14_999)
    expect(statuses(runtime)).toEqual([])
    await pass(runtime, 1)
    expect(runtime.signals.find({}).map(({ event }) => event.data.complete)).toEqual([false])
    expect(await metric(runtime, 'betrace_traces_judged_total')).toEqual([
      'betrace_traces_judged_total{complete="false"} 1',
    ])
  })

  test('a trace that never goes quiet is judged when it is too old', async () => {
    const runtime = await start(newHome(), { maxTraceAgeMs: 60_000 })
    for (let sent = 0; sent < 14; sent++) {
      await send(runtime, [{ ...CHARGE, id: sent + 1 }])
      await pass(runtime, 4_000)
      expect(statuses(runtime)).toEqual([])
    }
    await send(runtime, [{ ...CHARGE, id: 15 }])
    await pass(runtime, 4_900)
    expect(statuses(runtime)).toEqual([FIRING])
  })
})

describe('a late span', () => {
  test('re-opens its trace, and a signal that no longer holds is retracted once', async () => {
    const runtime = await start(newHome())
    await send(runtime, [CHARGE])
    await pass(runtime, 5_000)
    await pass(runtime, 3_600_000)
    await send(runtime, [VALIDATION])
    await pass(runtime, 5_000)
    expect(statuses(runtime)).toEqual([FIRING, RETRACTED])
    await send(runtime, [{ ...VALIDATION, id: 3 }])
    await pass(runtime, 5_000)
    expect(statuses(runtime)).toEqual([FIRING, RETRACTED])
    const ids = new Set(runtime.signals.find({}).map(({ event }) => event.signalid))
    expect(ids.size).toBe(1)
    expect(await metric(runtime, 'betrace_traces_reopened_total')).toEqual(['betrace_traces_reopened_total 2'])
  })

  test('gives new signals', async () => {
    const runtime = await start(newHome())
    await send(runtime, [{ ...VALIDATION, name: 'request', id: 1 }])
    await pass(runtime, 15_000)
    expect(statuses(runtime)).toEqual([])
    await send(runtime, [{ ...CHARGE, id: 5, parent: 1 }])
    await pass(runtime, 15_000)
    expect(statuses(runtime)).toEqual([FIRING])
  })

  test('that completes the trace updates its signals', async () => {
    const runtime = await start(newHome())
    await send(runtime, [{ ...CHARGE, parent: 9 }])
    await pass(runtime, 15_000)
    await send(runtime, [{ name: 'request', id: 9 }])
    await pass(runtime, 5_000)
    expect(statuses(runtime)).toEqual([FIRING, 'PAYMENT_INVARIANT_VIOLATION updated 2'])
    expect(runtime.signals.find({}).map(({ event }) => event.data.complete)).toEqual([false, true])
  })

  test('that started more than a day before it arrived changes nothing and is counted', async () => {
    const runtime = await start(newHome())
    await send(runtime, [CHARGE])
    await pass(runtime, 5_000)
    await send(runtime, [{ ...VALIDATION, startMs: now() - DAY_MS - 1 }])
    await pass(runtime, 5_000)
    expect(statuses(runtime)).toEqual([FIRING])
    expect(await metric(runtime, 'betrace_traces_late_total')).toEqual(['betrace_traces_late_total 1'])
    expect(await metric(runtime, 'betrace_spans_not_judged_total')).toEqual(['betrace_spans_not_judged_total 1'])
  })

  test('whose trace has had its time changes nothing and is counted', async () => {
    const runtime = await start(newHome())
    await send(runtime, [CHARGE])
    await pass(runtime, 5_000)
    await pass(runtime, 8 * DAY_MS)
    await send(runtime, [VALIDATION])
    await pass(runtime, 15_000)
    expect(statuses(runtime)).toEqual([FIRING])
    expect(await metric(runtime, 'betrace_traces_late_total')).toEqual(['betrace_traces_late_total 1'])
  })
})

describe('the same again', () => {
  test('a request that an SDK retries changes nothing, before the verdict or after', async () => {
    const runtime = await start(newHome())
    const spans = [{ ...CHARGE, startMs: now() }]
    await send(runtime, spans)
    await pass(runtime, 1_000)
    await send(runtime, spans)
    await pass(runtime, 5_000)
    await send(runtime, spans)
    await pass(runtime, 5_000)
    expect(statuses(runtime)).toEqual([FIRING])
    expect(runtime.stats().tracesJudged).toBe(1)
  })

  test('the same spans cut into other requests give no new signal', async () => {
    const runtime = await start(newHome())
    const [charge, other] = [
      { ...CHARGE, startMs: now() },
      { ...CHARGE, id: 7, parent: 1, startMs: now() },
    ]
    await send(runtime, [charge, other])
    await pass(runtime, 5_000)
    await send(runtime, [other])
    await send(runtime, [charge])
    await pass(runtime, 5_000)
    expect(statuses(runtime)).toEqual([FIRING])
  })
})

describe('a restart', () => {
  test('between request and verdict loses nothing', async () => {
    const home = newHome()
    const first = await start(home)
    await send(first, [CHARGE])
    await stop(first)
    const second = await start(home)
    await pass(second, 5_000)
    expect(statuses(second)).toEqual([FIRING])
  })

  test('between verdict and late span keeps what was judged', async () => {
    const home = newHome()
    const first = await start(home)
    await send(first, [CHARGE])
    await pass(first, 5_000)
    await stop(first)
    const second = await start(home)
    await send(second, [VALIDATION])
    await pass(second, 5_000)
    expect(statuses(second)).toEqual([FIRING, RETRACTED])
  })
})

describe('rules', () => {
  const edit = (rules: string, text: string) => writeFileSync(join(rules, 'seed.rules'), text)

  test('a rule that was edited between two verdicts retracts nothing', async () => {
    const home = newHome()
    const runtime = await start(home)
    await send(runtime, [CHARGE])
    await pass(runtime, 5_000)
    edit(home.rules, UNVALIDATED.replace('cart.validate', 'basket.validate'))
    await pass(runtime, 1_000)
    await pass(runtime, 1_000)
    await send(runtime, [VALIDATION])
    await pass(runtime, 5_000)
    expect(statuses(runtime)).toEqual([FIRING, FIRING])
    const revisions = runtime.signals.find({}).map(({ event }) => event.data.ruleRevision)
    expect(new Set(revisions).size).toBe(2)
  })

  test('a rule that was deleted retracts nothing', async () => {
    const home = newHome()
    const runtime = await start(home)
    await send(runtime, [CHARGE])
    await pass(runtime, 5_000)
    edit(home.rules, '// Signal: OTHER (low)\ntrace.has(nothing)\n')
    await pass(runtime, 1_000)
    await pass(runtime, 1_000)
    expect(runtime.stats()).toMatchObject({ rulesLoaded: 1, rulesRejected: 0 })
    await send(runtime, [VALIDATION])
    await pass(runtime, 5_000)
    expect(statuses(runtime)).toEqual([FIRING])
    edit(home.rules, UNVALIDATED.replace('(critical)', '(low)'))
    await pass(runtime, 1_000)
    await pass(runtime, 1_000)
    await send(runtime, [{ ...VALIDATION, id: 8 }])
    await pass(runtime, 5_000)
    expect(statuses(runtime)).toEqual([FIRING, RETRACTED])
  })

  test('a rule in shadow mode is judged, counted and stored, and not sent', async () => {
    const [screen, jsonLines] = [new PassThrough(), new PassThrough()]
    const shadow = UNVALIDATED.replace('// Runbook', '// Mode: shadow\n// Runbook')
    const runtime = await start(newHome(shadow), {}, { screen, jsonLines })
    await send(runtime, [CHARGE])
    await pass(runtime, 5_000)
    expect(runtime.signals.find({}).map((each) => each.shadow)).toEqual([true])
    expect([screen.read(), jsonLines.read()]).toEqual([null, null])
    const labels = (status: string) =>
      `{rule="PAYMENT_INVARIANT_VIOLATION",severity="critical",status="${status}",mode="live",shadow="true"}`
    expect(await metric(runtime, 'betrace_signals_total')).toEqual([
      `betrace_signals_total${labels('firing')} 1`,
      `betrace_signals_total${labels('updated')} 0`,
      `betrace_signals_total${labels('retracted')} 0`,
    ])
  })

  test.each([
    ['docs/rule-packs.md#slow_query', 'https://git.example/betrace/main/docs/rule-packs.md#slow_query'],
    ['/pages/a.html', 'https://git.example/betrace/main/pages/a.html'],
    ['https://runbooks.example/a.md', 'https://runbooks.example/a.md'],
    ['runbooks.example/payments', 'runbooks.example/payments'],
    ['call the team on duty', 'call the team on duty'],
  ])('with a base for runbooks, %s is linked as %s', async (written, linked) => {
    const home = newHome(UNVALIDATED.replace('https://runbooks.example/payments', written))
    for (const runbookBase of ['https://git.example/betrace/main', 'https://git.example/betrace/main/']) {
      const runtime = await start(home, { runbookBase })
      edit(home.rules, readFileSync(join(home.rules, 'seed.rules'), 'utf8'))
      await pass(runtime, 1_000)
      await pass(runtime, 1_000)
      await send(runtime, [CHARGE], String(runbookBase.length).padStart(32, '0'))
      await pass(runtime, 5_000)
      expect(runtime.signals.find({}).at(-1)?.event.data).toMatchObject({ runbook: linked })
      await stop(runtime)
    }
  })

  test('has its metrics at 0 before its first signal, and as long as it is in force', async () => {
    const home = newHome()
    const runtime = await start(home)
    const ofSignals = () => metric(runtime, 'betrace_signals_')
    const series = (rule: string, severity: string) => [
      ...['firing', 'updated', 'retracted'].map(
        (status) =>
          `betrace_signals_total{rule="${rule}",severity="${severity}",status="${status}",mode="live",shadow="false"} 0`,
      ),
      `betrace_signals_firing_total{severity="${severity}"} 0`,
      `betrace_signals_suppressed_total{rule="${rule}",severity="${severity}"} 0`,
    ]
    expect(await ofSignals()).toEqual(series('PAYMENT_INVARIANT_VIOLATION', 'critical'))
    edit(home.rules, '// Signal: OTHER (low)\nnot trace.has(payment.charge)\n')
    await pass(runtime, 1_000)
    await pass(runtime, 1_000)
    expect(await ofSignals()).toEqual(series('OTHER', 'low'))
    await send(runtime, [{ name: 'order.place', id: 1 }])
    await pass(runtime, 5_000)
    const counts = (await ofSignals()).map((line) => line.slice(-1))
    expect(counts).toEqual(['1', '0', '0', '1', '0'])
  })
})

test('signals past the rate of their rule are stored, in one incident, and not shown one by one', async () => {
  const [screen, jsonLines] = [new PassThrough(), new PassThrough()]
  const runtime = await start(newHome(), { maxSignalsPerMinute: 3 }, { screen, jsonLines })
  for (let trace = 1; trace <= 10; trace++) await send(runtime, [CHARGE], String(trace).padStart(32, '0'))
  await pass(runtime, 5_000)
  expect(statuses(runtime)).toHaveLength(10)
  expect(String(jsonLines.read()).trim().split('\n')).toHaveLength(10)
  const shown = String(screen.read())
  expect(shown.match(/CRITICAL/g)).toHaveLength(3)
  expect(shown.match(/incident opened/g)).toHaveLength(1)
  await pass(runtime, 300_000)
  expect(screen.read()).toBeNull()
})
