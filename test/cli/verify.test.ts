import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ExperimentVerdict } from '../../shared/pipeline/experiment-verdict.ts'
import { CHARGE, type Home, runtimes, VALIDATION } from '../local/harness.ts'
import { runInProcess } from './fake-terminal.ts'

const { newHome, now, pass, send, start, stop } = runtimes()

const MINUTE_MS = 60_000
const traceId = (number: number) => number.toString(16).padStart(32, '0')
const iso = (ms: number) => new Date(ms).toISOString()

const IDLE = '// Signal: NEVER_EXERCISED (low)\ntrace.has(refund) and not trace.has(payment.charge)\n'

/** A data folder with a validated charge, then one that breaks the rule; returns the times before and after each. */
async function recorded(rules?: string) {
  const home = newHome(rules)
  const runtime = await start(home, {}, {}, true)
  const [fromMs, middleMs, toMs] = [now(), now() + MINUTE_MS, now() + 2 * MINUTE_MS]
  await send(runtime, [CHARGE, VALIDATION], traceId(1))
  await pass(runtime, MINUTE_MS)
  await send(runtime, [CHARGE], traceId(2))
  await pass(runtime, 5_000)
  return { home, runtime, from: iso(fromMs), middle: iso(middleMs), to: iso(toMs) }
}

const verify = (home: Home, ...args: readonly string[]) =>
  runInProcess(['verify', '--rules', home.rules, '--data', home.dataFolder, ...args])

describe('verify of a past window', () => {
  test('holds, and exits with 0, where rules were exercised and none was broken', async () => {
    const { home, from, middle } = await recorded()
    const { exitCode, out } = await verify(home, '--from', from, '--to', middle)
    expect(out).toContain('HELD     PAYMENT_INVARIANT_VIOLATION          1         0       -')
    expect(out).toContain('0 signals: invariants held')
    expect(exitCode).toBe(0)
  })

  test('exits with 1 where a rule was broken, though the trace is not archived yet, and says what is new', async () => {
    const { home, middle, to } = await recorded()
    const { exitCode, out } = await verify(home, '--from', middle, '--to', to, '--format', 'json')
    expect(exitCode).toBe(1)
    expect(JSON.parse(out) as ExperimentVerdict).toMatchObject({
      outcome: 'violated',
      traces: 1,
      before: { traces: 1 },
      rules: [
        { verdict: 'violated', violated: 1, change: 'new', samples: [{ traceId: traceId(2), service: 'payments' }] },
      ],
    })
  })

  test('finds the same once everything is archived', async () => {
    const { home, runtime, from, to } = await recorded()
    const before = await verify(home, '--from', from, '--to', to, '--format', 'json')
    await stop(runtime)
    expect(await verify(home, '--from', from, '--to', to, '--format', 'json')).toEqual(before)
  })

  test('with --require-exercised fails where nothing was exercised', async () => {
    const { home, from, middle } = await recorded(IDLE)
    const window = ['--from', from, '--to', middle] as const
    expect((await verify(home, ...window)).exitCode).toBe(0)
    const strict = await verify(home, ...window, '--require-exercised')
    expect(strict.exitCode).toBe(1)
    expect(strict.out).toContain('0 signals, but nothing was proved: no trace exercised any rule')
  })

  test('with --require-exercised and --rule fails where this one was not', async () => {
    const { home, from, middle } = await recorded()
    writeFileSync(join(home.rules, 'idle.rules'), IDLE)
    const window = ['--from', from, '--to', middle, '--require-exercised'] as const
    expect((await verify(home, ...window)).exitCode).toBe(0)
    expect((await verify(home, ...window, '--rule', 'NEVER_EXERCISED')).exitCode).toBe(1)
  })

  test('of a rule on a misspelt attribute is BLIND, proves nothing, and names the key that was meant', async () => {
    const rule = '// Signal: TOO_MUCH (high)\ntrace.has(payment.charge).where(service.nmae == x)\n'
    const { home, from, middle } = await recorded(rule)
    const window = ['--from', from, '--to', middle] as const
    const { exitCode, out } = await verify(home, ...window)
    expect(out).toContain('  BLIND    TOO_MUCH          1         0       -\n')
    expect(out).toContain('  TOO_MUCH: service.nmae on 0 of 1 payment.charge; they have service.name\n')
    expect(out).toContain('0 signals, but nothing was proved: TOO_MUCH was blind')
    expect(exitCode).toBe(0)
    expect((await verify(home, ...window, '--require-exercised')).exitCode).toBe(1)
    const json = await verify(home, ...window, '--format', 'json')
    expect(JSON.parse(json.out)).toMatchObject({
      outcome: 'not-exercised',
      rules: [
        {
          verdict: 'blind',
          blind: 1,
          absent: [{ attribute: 'service.nmae', spans: 'payment.charge', asked: 1, nearest: 'service.name' }],
        },
      ],
    })
    const junit = await verify(home, ...window, '--format', 'junit')
    expect(junit.out).toContain(
      '<skipped message="blind: service.nmae on 0 of 1 payment.charge; they have service.name"',
    )
    const markdown = await verify(home, ...window, '--format', 'markdown')
    expect(markdown.out).toContain('| BLIND | `TOO_MUCH` | 1 | 0 | - |  |')
    expect(markdown.out).toContain('- `TOO_MUCH`: `service.nmae on 0 of 1 payment.charge; they have service.name`')
  })

  test('tolerates as many broken traces as it is told', async () => {
    const { home, from, to } = await recorded()
    const window = ['--from', from, '--to', to] as const
    const held = await verify(home, ...window, '--tolerate', 'PAYMENT_INVARIANT_VIOLATION=50%')
    expect(held.out).toContain(
      '  HELD     PAYMENT_INVARIANT_VIOLATION          2         1       -  new, tolerated up to 50 %',
    )
    expect(held.out).toContain('1 signal, as many as are tolerated: invariants held')
    expect(held.exitCode).toBe(0)
    const broken = await verify(home, ...window, '--tolerate', 'PAYMENT_INVARIANT_VIOLATION=49.9%')
    expect([broken.exitCode, broken.out]).toEqual([1, expect.stringContaining('VIOLATED')])
    const unknown = await verify(home, ...window, '--tolerate', 'NO_SUCH_RULE=1%')
    expect([unknown.exitCode, unknown.err]).toEqual([2, expect.stringContaining('no rule is named NO_SUCH_RULE')])
    const wrong = await verify(home, ...window, '--tolerate', 'PAYMENT_INVARIANT_VIOLATION=0.5')
    expect([wrong.exitCode, wrong.err]).toEqual([2, expect.stringContaining('RETRY_LIMIT_EXCEEDED=0.5%')])
  })

  test('compares with another window than the one before', async () => {
    const { home, middle, to } = await recorded()
    const window = ['--from', middle, '--to', to, '--format', 'json'] as const
    const { out } = await verify(home, ...window, '--baseline', '-1m')
    expect(JSON.parse(out)).toMatchObject({ traces: 1, before: { traces: 1 } })
    const earlier = await verify(home, ...window, '--baseline', '-1d')
    const dayBefore = iso(Date.parse(middle) - 24 * 60 * MINUTE_MS)
    expect(JSON.parse(earlier.out)).toMatchObject({ traces: 1, before: { from: dayBefore, traces: 0 } })
    const within = await verify(home, ...window, '--baseline', '-30s')
    expect([within.exitCode, within.err]).toEqual([2, expect.stringContaining('reaches into the window')])
  })

  test('of one service counts its traces alone', async () => {
    const { home, from, to } = await recorded()
    const { out, exitCode } = await verify(home, '--from', from, '--to', to, '--service', 'none', '--format', 'json')
    expect(JSON.parse(out)).toMatchObject({ traces: 0, outcome: 'not-exercised' })
    expect(exitCode).toBe(0)
  })

  test('of 30 days is refused with an estimate; a dry run shows it, and a greater limit allows it', async () => {
    const { home, to } = await recorded()
    const from = iso(Date.parse(to) - 30 * 24 * 60 * MINUTE_MS)
    const refused = await verify(home, '--from', from, '--to', to)
    expect(refused.exitCode).toBe(2)
    expect(refused.err).toMatch(
      /720 h is longer than 24 h \(30.0 days, and as long before: \d objects?, about .* spans?, /,
    )
    const planned = await verify(home, '--from', from, '--to', to, '--dry-run')
    expect([planned.exitCode, planned.out]).toEqual([0, expect.stringContaining('30.0 days')])
    const compared = await verify(home, '--from', from, '--to', to, '--dry-run', '--baseline', '-60d')
    const earlier = iso(Date.parse(from) - 60 * 24 * 60 * MINUTE_MS)
    expect(compared.out).toContain(`30.0 days, and as long from ${earlier}: 1 object, about `)
    const within = await verify(home, '--from', from, '--to', to, '--dry-run', '--baseline', '-1d')
    expect([within.exitCode, within.err]).toEqual([2, expect.stringContaining('reaches into the window')])
    expect((await verify(home, '--from', from, '--to', to, '--max-window', '720h')).exitCode).toBe(1)
  })

  test('reports to CI servers and pull requests', async () => {
    const { home, from, to } = await recorded()
    const junit = await verify(home, '--from', from, '--to', to, '--format', 'junit')
    expect(junit.out).toContain('tests="1" failures="1" errors="0" skipped="0"')
    expect(junit.out).toContain('<failure type="critical" message="broke in 1 trace, first at')
    const markdown = await verify(home, '--from', from, '--to', to, '--format', 'markdown')
    expect(markdown.out).toContain('| VIOLATED | `PAYMENT_INVARIANT_VIOLATION` | 2 | 1 | - | new |')
    expect(markdown.out).toContain('**1 signal: PAYMENT_INVARIANT_VIOLATION broke**')
    const { out } = await verify(home, '--from', from, '--to', to, '--format', 'json')
    const evidence: string = JSON.parse(out).rules[0].samples[0].text
    expect(evidence.split('\n').length).toBeGreaterThan(1)
    expect(markdown.out).toContain(evidence.replace(/^/gm, '  '))
  })

  test.each([
    [[], 'say which window to judge'],
    [['--experiment', 'x', '--from', '-1h'], 'say which window to judge'],
    [['--experiment', 'x', '--to', 'now'], 'an experiment has its window'],
    [['--from', 'yesterday'], 'which is not a time'],
  ])('%s is bad input', async (args, message) => {
    const { exitCode, err } = await runInProcess(['verify', ...args])
    expect([exitCode, err]).toEqual([2, expect.stringContaining(message)])
  })
})

describe('experiments on a server', () => {
  test('are started, listed, shown and stopped, and their verdict is waited for', async () => {
    const home = newHome()
    const runtime = await start(home, {}, {}, true)
    const ask = (...args: readonly string[]) => runInProcess([...args, '--url', runtime.url])
    const at = iso(now())
    const started = await ask(
      'experiment',
      'start',
      '--id',
      'drill',
      '--name',
      'AZ drill',
      '--at',
      at,
      '--label',
      'team=a',
    )
    expect([started.exitCode, started.out]).toEqual([0, 'drill\n'])
    await send(runtime, [CHARGE], traceId(1))
    await pass(runtime, MINUTE_MS)
    const running = await ask('verify', '--experiment', 'drill')
    expect([running.exitCode, running.err]).toEqual([2, expect.stringContaining('it is running')])
    expect((await ask('experiment', 'stop', 'drill', '--at', iso(now()))).exitCode).toBe(0)
    const listed = await ask('experiment', 'list', '--from', iso(now() - 3_600_000), '--to', iso(now()))
    expect(listed.out).toContain('drill  ended  AZ drill')
    expect(listed.out).toContain('team=a')
    await pass(runtime, 20_000)
    const verdict = await ask('verify', '--experiment', 'drill', '--wait', '1s')
    expect([verdict.exitCode, verdict.out]).toEqual([
      1,
      expect.stringContaining('1 signal: PAYMENT_INVARIANT_VIOLATION broke'),
    ])
    expect((await ask('experiment', 'show', 'drill')).out).toContain('VIOLATED')
    process.env.BETRACE_RULES = 'a-folder-of-the-server'
    onTestFinished(() => {
      delete process.env.BETRACE_RULES
    })
    expect((await ask('verify', '--experiment', 'drill')).exitCode).toBe(1)
    const own = await ask('verify', '--experiment', 'drill', '--rules', home.rules, '--data', home.dataFolder)
    expect([own.exitCode, own.out]).toEqual([1, expect.stringContaining('VIOLATED')])
  })

  test('a server that is not there, a key that is missing and a wrong id say what to do', async () => {
    const gone = await runInProcess(['experiment', 'list', '--url', 'http://127.0.0.1:9'])
    expect([gone.exitCode, gone.err]).toEqual([2, expect.stringContaining('start one with betrace serve')])
    const runtime = await start(newHome(), { apiKeys: ['a-key-of-sixteen-or-more'] })
    const keyless = await runInProcess(['experiment', 'list', '--url', runtime.url])
    expect([keyless.exitCode, keyless.err]).toEqual([2, expect.stringContaining('BETRACE_API_KEY')])
    const wrong = await runInProcess([
      'experiment',
      'stop',
      'none',
      '--url',
      runtime.url,
      '--api-key',
      'a-key-of-sixteen-or-more',
    ])
    expect([wrong.exitCode, wrong.err]).toEqual([2, expect.stringContaining('no experiment has the id "none"')])
  })
})
