import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { runInProcess } from '../fake-terminal.ts'
import { filesOf, NOTIFY, RULES } from './files.ts'

let files: ReturnType<typeof filesOf>

beforeEach(() => {
  vi.stubEnv('TEAM_URL', 'https://team.example')
  files = filesOf({ 'notify.yaml': NOTIFY, 'a.rules': RULES })
})

afterEach(() => {
  files.remove()
  vi.unstubAllEnvs()
})

const check = (...args: readonly string[]) => runInProcess(['notify', 'check', ...args])

describe('a file without problems', () => {
  test('is counted, and the exit code is 0', async () => {
    const file = files.at('notify.yaml')
    expect(await check(file)).toEqual({
      exitCode: 0,
      out: `✓ ${file}: 2 receivers, 2 routes, 1 mute: no problems\n`,
      err: '',
    })
  })

  test('is shown with the receivers of each rule, and rules that nobody is notified of', async () => {
    const { exitCode, out } = await check(files.at('notify.yaml'), '--rules', files.at('a.rules'))
    expect(exitCode).toBe(0)
    expect(out).toContain(`rule            severity  receivers
PAYMENT_FAILED  critical  oncall; perhaps team
SLOW_SEARCH     low       perhaps team
`)
    expect(out).not.toContain('TRIED_OUT')
    const rules = filesOf({ 'notify.yaml': NOTIFY.replace(/.*service starts.*\n/, ''), 'a.rules': RULES })
    const other = await check(rules.at('notify.yaml'), '--rules', rules.at('a.rules'), '--strict')
    rules.remove()
    expect(other.exitCode).toBe(1)
    expect(other.out).toContain('warning reaches-nobody  nobody is notified of SLOW_SEARCH')
    expect(other.out).toContain('warning unused-receiver  no route tells team')
    expect(other.out).toContain('SLOW_SEARCH     low       nobody')
  })

  test('has a warning for a route that no rule can take', async () => {
    const text = NOTIFY.replace('severity == critical', 'owner == nobody-has-it')
    const other = filesOf({ 'notify.yaml': text, 'a.rules': RULES })
    const { out } = await check(other.at('notify.yaml'), '-r', other.at('a.rules'))
    other.remove()
    expect(out).toContain('notify.yaml:10:5  warning unreachable-route  no rule can take this route')
  })

  test('is a line of JSON for a program', async () => {
    const { out } = await check(files.at('notify.yaml'), '--rules', files.at('a.rules'), '--format', 'json')
    expect(JSON.parse(out)).toEqual({
      receivers: 2,
      routes: 2,
      mutes: 1,
      problems: [],
      warnings: [],
      rules: [
        {
          rule: 'PAYMENT_FAILED',
          severity: 'critical',
          receivers: [
            { name: 'oncall', certain: true },
            { name: 'team', certain: false },
          ],
        },
        { rule: 'SLOW_SEARCH', severity: 'low', receivers: [{ name: 'team', certain: false }] },
      ],
      problemCount: 0,
      warningCount: 0,
    })
  })
})

describe('a file with problems', () => {
  test('is shown with places and carets, and the exit code is 1', async () => {
    const bad = filesOf({ 'notify.yaml': NOTIFY.replace('severity ==', 'serverity ==') })
    const { exitCode, out } = await check(bad.at('notify.yaml'))
    bad.remove()
    expect(exitCode).toBe(1)
    expect(out).toContain('notify.yaml:10:14  unknown-name  an incident has no serverity')
    expect(out).toContain('   |              ^^^^^^^^^\n   = did you mean severity?')
    expect(out).toContain('2 receivers, 1 route, 1 mute: 1 problem')
  })

  test('names a variable that is not set, unless no values are looked up', async () => {
    vi.stubEnv('TEAM_URL', undefined)
    const file = files.at('notify.yaml')
    const { exitCode, out } = await check(file, '-f', 'json')
    expect([exitCode, JSON.parse(out).problems]).toMatchObject([
      1,
      [{ line: 8, column: 10, code: 'unset-reference', message: 'the variable TEAM_URL is not set' }],
    ])
    expect((await check(file, '--no-values')).exitCode).toBe(0)
  })

  test('is not counted where it is not YAML', async () => {
    const bad = filesOf({ 'notify.yaml': 'version: [1\n' })
    const { exitCode, out } = await check(bad.at('notify.yaml'))
    bad.remove()
    expect(exitCode).toBe(1)
    expect(out).toMatch(/^✗ \S+notify\.yaml: \d problems?$/m)
  })

  test('shows no secret that is written into it', async () => {
    const bad = filesOf({ 'notify.yaml': `${NOTIFY}# xoxb-1234567890-abcdef\n` })
    const { exitCode, out } = await check(bad.at('notify.yaml'))
    bad.remove()
    expect(exitCode).toBe(1)
    expect(out).toContain('# **********************')
    expect(out).not.toContain('abcdef')
  })
})

test('a file that does not exist ends the command with 2', async () => {
  const { exitCode, err } = await check(files.at('none.yaml'))
  expect([exitCode, err]).toEqual([2, `betrace: no such file or folder: ${files.at('none.yaml')}\n`])
})
