import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import type { RuntimeOptions } from '../../../local/dependencies.ts'
import type { Runtime } from '../../../local/runtime.ts'
import type { RuntimeSettingsInput } from '../../../local/settings.ts'
import { CHARGE, type Home, metric, runtimes, statuses, VALIDATION } from '../harness.ts'
import { newReceiver } from '../sinks/receiver.ts'

const { newHome, send, start, stop } = runtimes()

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** A clock on the wall that may be put back and forward, and the time that really passes. */
let wallMs: number
let ranMs: number
let logged: string[]

afterEach(() => {
  logged = []
})

async function open(home: Home, settings: RuntimeSettingsInput = {}, options: Partial<RuntimeOptions> = {}) {
  return start(home, settings, {
    clock: () => wallMs,
    stopwatch: () => ranMs,
    log: (level, message) => logged.push(`${level} ${message}`),
    ...options,
  })
}

function begin(): Home {
  wallMs = 1_764_000_000_000
  ranMs = 5_000
  logged = []
  return newHome()
}

async function pass(runtime: Runtime, ms: number): Promise<void> {
  wallMs += ms
  ranMs += ms
  await runtime.runDue()
}

const sendNow = (runtime: Runtime, spans: Parameters<typeof send>[1], traceId?: string) =>
  send(
    runtime,
    spans.map((span) => ({ startMs: wallMs, ...span })),
    traceId,
  )

describe('a clock that is put back by an hour', () => {
  test('makes no trace wait for it, and signals tell the time it tells', async () => {
    const runtime = await open(begin())
    await sendNow(runtime, [CHARGE])
    wallMs -= HOUR_MS
    await pass(runtime, 100)
    await pass(runtime, 4_800)
    expect(statuses(runtime)).toEqual([])
    await pass(runtime, 200)
    expect(statuses(runtime)).toEqual(['PAYMENT_INVARIANT_VIOLATION firing 1'])
    expect(runtime.signals.find({})[0]?.event.time).toBe(new Date(wallMs).toISOString())
    expect(await metric(runtime, 'betrace_clock_steps_total{direction="back"}')).toEqual([
      'betrace_clock_steps_total{direction="back"} 1',
    ])
    expect(logged).toEqual(['warn the clock was put back; traces go on as if it had not'])
  })

  test('lets an incomplete trace wait as long as it would have', async () => {
    const runtime = await open(begin())
    await sendNow(runtime, [{ ...CHARGE, parent: 7 }])
    wallMs -= HOUR_MS
    for (let second = 0; second < 14; second++) await pass(runtime, 1_000)
    expect(statuses(runtime)).toEqual([])
    for (let second = 0; second < 2; second++) await pass(runtime, 1_000)
    expect(statuses(runtime)).toHaveLength(1)
  })

  test('judges a trace once that came in part before and in part after', async () => {
    const runtime = await open(begin())
    await sendNow(runtime, [CHARGE])
    wallMs -= HOUR_MS
    await pass(runtime, 1_000)
    await sendNow(runtime, [VALIDATION])
    for (let second = 0; second < 20; second++) await pass(runtime, 1_000)
    expect(statuses(runtime)).toEqual([])
    expect(await metric(runtime, 'betrace_traces_judged_total')).toEqual([
      'betrace_traces_judged_total{complete="true"} 1',
    ])
  })

  test('while no server ran makes none wait after the start', async () => {
    const home = begin()
    const first = await open(home)
    await sendNow(first, [CHARGE])
    await stop(first)
    wallMs -= 30 * DAY_MS
    const runtime = await open(home)
    for (let second = 0; second < 12; second++) await pass(runtime, 1_000)
    expect(statuses(runtime)).toHaveLength(1)
  })

  test('lets a webhook be tried again when it would have been', async () => {
    const sink = await newReceiver()
    onTestFinished(() => sink.close())
    sink.answer = 503
    const webhooks = [{ url: sink.url, retryDelayMs: 10_000 }]
    const runtime = await open(begin(), { webhooks }, { random: () => 0.999 })
    await sendNow(runtime, [CHARGE])
    await pass(runtime, 5_000)
    expect(sink.signals()).toHaveLength(1)
    sink.answer = 200
    wallMs -= HOUR_MS
    for (let second = 0; second < 11; second++) await pass(runtime, 1_000)
    expect(sink.signals()).toHaveLength(2)
  })
})

describe('a clock that goes forward by ten days', () => {
  test('judges no trace before its time, and none as one whose chunks ran out of time', async () => {
    const runtime = await open(begin())
    await sendNow(runtime, [CHARGE])
    wallMs += 10 * DAY_MS
    await pass(runtime, 1_000)
    await sendNow(runtime, [VALIDATION])
    for (let second = 0; second < 20; second++) await pass(runtime, 1_000)
    expect(statuses(runtime)).toEqual([])
    expect(await metric(runtime, 'betrace_traces_judged_total')).toEqual([
      'betrace_traces_judged_total{complete="true"} 1',
    ])
    expect(await metric(runtime, 'betrace_traces_rescued_total')).toEqual(['betrace_traces_rescued_total 0'])
  })

  test('removes nothing for an hour, and says so', async () => {
    const runtime = await open(begin(), { signalRetentionMs: 2 * DAY_MS })
    await sendNow(runtime, [CHARGE])
    await pass(runtime, 5_000)
    wallMs += 10 * DAY_MS
    await pass(runtime, 1_000)
    expect(statuses(runtime)).toHaveLength(1)
    const health = await fetch(`${runtime.url}/healthz`)
    expect(await health.json()).toMatchObject({
      status: 'degraded',
      clock: expect.stringMatching(
        /^went forward by 864000 s; nothing is removed .* 60 minutes \(docs.*#the-clock-was-stepped/,
      ),
    })
    wallMs -= 10 * DAY_MS
    await pass(runtime, 1_000)
    expect(await (await fetch(`${runtime.url}/healthz`)).json()).toMatchObject({ status: 'ok', clock: 'ok' })
    wallMs += 10 * DAY_MS
    await pass(runtime, 1_000)
    await pass(runtime, HOUR_MS)
    expect(statuses(runtime)).toEqual([])
  })
})

test('a clock that only drifts takes no steps', async () => {
  const runtime = await open(begin())
  for (let second = 0; second < 10; second++) {
    wallMs += 400
    await pass(runtime, 1_000)
  }
  expect(logged).toEqual([])
})
