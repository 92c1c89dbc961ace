import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { RuleStates } from '../../shared/pipeline/rule-state.ts'
import { CHARGE, type Home, metric, runtimes, UNVALIDATED, VALIDATION } from '../local/harness.ts'
import { runInProcess } from './fake-terminal.ts'

const { newHome, now, pass, send, start, stop } = runtimes()

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const traceId = (number: number) => number.toString(16).padStart(32, '0')
const iso = (ms: number) => new Date(ms).toISOString()

const RULES = `${UNVALIDATED}
// Signal: TOO_MUCH (high)
trace.has(payment.charge).where(service.nmae == x)

// Signal: NEVER_EXERCISED (low)
trace.has(refund) and not trace.has(payment.charge)

// Signal: CHARGE_TRIED (low)
// Mode: shadow
when { trace.has(payment.charge) } always { trace.has(payment.charge) }
`

/** A data folder with one validated charge, and one hour later one that breaks a rule. */
async function recorded(rules = RULES) {
  const home = newHome(rules)
  const runtime = await start(home, {}, {}, true)
  const firstMs = now()
  await send(runtime, [CHARGE, VALIDATION], traceId(1))
  await pass(runtime, HOUR_MS)
  const secondMs = now()
  await send(runtime, [CHARGE], traceId(2))
  await pass(runtime, MINUTE_MS)
  const range = ['--from', iso(firstMs), '--to', iso(secondMs + 1)]
  return { home, runtime, firstMs, secondMs, range }
}

const status = (home: Home, ...args: readonly string[]) =>
  runInProcess(['rules', 'status', '--data', home.dataFolder, ...args])

async function statesOf(home: Home, ...args: readonly string[]): Promise<RuleStates> {
  const { out, err } = await status(home, ...args, '--format', 'json')
  expect(err).toBe('')
  return JSON.parse(out) as RuleStates
}

function summaries({ dataFolder }: Home): readonly string[] {
  const files = readdirSync(dataFolder, { recursive: true, encoding: 'utf8' })
  return files.filter((file) => /states\/dt=.*\.json$/.test(file))
}

describe('rules status', () => {
  test('shows the state of each rule in force, when it was last exercised, and what blinds it', async () => {
    const { home, range, secondMs } = await recorded()
    const { exitCode, out } = await status(home, ...range)
    const last = iso(secondMs).slice(0, 19)
    expect(out).toContain('4 rules on 2 traces\n')
    expect(out).toMatch(new RegExp(`VIOLATED +PAYMENT_INVARIANT_VIOLATION +${last}Z \\(\\d+ days ago\\) +2 +1  ·█\n`))
    expect(out).toMatch(/BLIND +TOO_MUCH .* 2 +0 {2}··\n/)
    expect(out).toMatch(/NOT EXERCISED {2}NEVER_EXERCISED +never +0 +0\n/)
    expect(out).toMatch(/HELD +CHARGE_TRIED \(shadow\) .* 2 +0 {2}··\n/)
    expect(out).toContain('  TOO_MUCH: service.nmae on 0 of 2 payment.charge; they have service.name\n')
    const shown = [...out.matchAll(/^ {2}([A-Z ]+?) {2}.*\d/gm)].map(([, state]) => state)
    expect(shown).toEqual(['VIOLATED', 'BLIND', 'HELD', 'NOT EXERCISED'])
    expect(exitCode).toBe(0)
  })

  test('as JSON has each hour of each rule, and as JSON lines a line a rule', async () => {
    const { home, range, firstMs, secondMs } = await recorded()
    const hour = (ms: number) => iso(Math.floor(ms / HOUR_MS) * HOUR_MS)
    const { rules, ...rest } = await statesOf(home, ...range)
    expect(rest).toMatchObject({ from: hour(firstMs), to: hour(secondMs + HOUR_MS), traces: 2, failures: [] })
    expect(rules[0]).toMatchObject({
      rule: 'PAYMENT_INVARIANT_VIOLATION',
      state: 'violated',
      shadow: false,
      keptBack: false,
      lastExercised: iso(secondMs),
      lastViolated: iso(secondMs),
      hours: [
        { hour: hour(firstMs), exercised: 1, violated: 0, inconclusive: 0, blind: 0 },
        { hour: hour(secondMs), exercised: 1, violated: 1, inconclusive: 0, blind: 0 },
      ],
    })
    expect(rules[1]).toMatchObject({ state: 'blind', blind: 2, absent: [{ attribute: 'service.nmae', asked: 2 }] })
    expect(rules[2]).toMatchObject({ state: 'not-exercised', lastExercised: null, hours: [] })
    const { out } = await status(home, ...range, '--format', 'jsonl')
    const lines = out.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual(rules)
  })

  test('says the same from summaries, which the server makes of each closed hour', async () => {
    const { home, runtime, range } = await recorded()
    const before = await statesOf(home, ...range)
    expect(summaries(home)).toHaveLength(0)
    await pass(runtime, 2 * HOUR_MS)
    await pass(runtime, 1_000)
    expect(summaries(home)).toHaveLength(2)
    expect(await statesOf(home, ...range)).toEqual(before)
    await stop(runtime)
    expect(await statesOf(home, ...range)).toEqual(before)
  })

  test('judges by a rule that was changed after its hours were summarised', async () => {
    const { home, runtime, range } = await recorded()
    await pass(runtime, 2 * HOUR_MS)
    await stop(runtime)
    const changed = join(home.rules, 'changed.rules')
    writeFileSync(changed, '// Signal: TOO_MUCH (high)\ntrace.has(payment.charge).where(service.name == payments)\n')
    const { rules } = await statesOf(home, ...range, '--rules', changed)
    expect(rules).toMatchObject([{ rule: 'TOO_MUCH', state: 'violated', violated: 2 }])
  })

  test('marks a rule that is kept back because its new text has problems', async () => {
    const { home, runtime, range } = await recorded(UNVALIDATED)
    writeFileSync(join(home.rules, 'seed.rules'), UNVALIDATED.replace('trace.has(', 'trace.hsa('))
    for (let poll = 0; poll < 3; poll++) await pass(runtime, 5_000)
    expect(await statesOf(home, ...range)).toMatchObject({ rules: [{ keptBack: true, state: 'violated' }] })
    expect((await status(home, ...range)).out).toContain('PAYMENT_INVARIANT_VIOLATION (kept back)')
  })

  test('of one rule shows this one alone', async () => {
    const { home, range } = await recorded()
    expect(await statesOf(home, ...range, '--rule', 'NEVER_EXERCISED')).toMatchObject({
      rules: [{ rule: 'NEVER_EXERCISED' }],
    })
  })

  test.each([
    [['--rule', 'NONE'], 'no rule is named NONE'],
    [['--from', 'yesterday'], 'which is not a time'],
    [['--from', '-1h', '--to', '-2h'], 'the range is empty'],
    [['--rules', 'missing-folder'], 'missing-folder'],
    [['--stack', 'a'], 'cannot be used with'],
  ])('%s is bad input', async (args, message) => {
    const { exitCode, err } = await status(newHomeWithData(), ...args)
    expect([exitCode, err]).toEqual([2, expect.stringContaining(message)])
  })

  test('of a data folder that does not exist says so', async () => {
    const home = newHome()
    const { exitCode, err } = await status(home)
    expect([exitCode, err]).toEqual([2, expect.stringContaining('does not exist')])
  })
})

function newHomeWithData(): Home {
  const home = newHome()
  return { ...home, dataFolder: home.rules }
}

describe('metrics of rule states', () => {
  test('have each rule in force, once the first closed hour is summarised', async () => {
    const { runtime, firstMs } = await recorded()
    await pass(runtime, 2 * HOUR_MS)
    await pass(runtime, 1_000)
    expect(await metric(runtime, 'betrace_rule_state{')).toEqual([
      'betrace_rule_state{rule="PAYMENT_INVARIANT_VIOLATION",state="violated"} 1',
      'betrace_rule_state{rule="TOO_MUCH",state="blind"} 1',
      'betrace_rule_state{rule="NEVER_EXERCISED",state="not-exercised"} 1',
      'betrace_rule_state{rule="CHARGE_TRIED",state="held"} 1',
    ])
    const seconds = (firstMs + HOUR_MS) / 1000
    expect(await metric(runtime, 'betrace_rule_last_exercised_timestamp_seconds{')).toEqual([
      `betrace_rule_last_exercised_timestamp_seconds{rule="PAYMENT_INVARIANT_VIOLATION"} ${seconds}`,
      `betrace_rule_last_exercised_timestamp_seconds{rule="TOO_MUCH"} ${seconds}`,
      'betrace_rule_last_exercised_timestamp_seconds{rule="NEVER_EXERCISED"} 0',
      `betrace_rule_last_exercised_timestamp_seconds{rule="CHARGE_TRIED"} ${seconds}`,
    ])
    expect(await metric(runtime, 'betrace_rule_exercised_traces{rule="TOO_MUCH"}')).toEqual([
      'betrace_rule_exercised_traces{rule="TOO_MUCH"} 2',
    ])
    expect(await metric(runtime, 'betrace_rule_violated_traces{rule="PAYMENT_INVARIANT_VIOLATION"}')).toEqual([
      'betrace_rule_violated_traces{rule="PAYMENT_INVARIANT_VIOLATION"} 1',
    ])
  })
})
