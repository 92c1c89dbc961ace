import { afterEach, beforeEach, expect, test } from 'vitest'
import { runInProcess } from '../fake-terminal.ts'
import { filesOf, NOTIFY, RULES } from './files.ts'

let files: ReturnType<typeof filesOf>

beforeEach(() => {
  files = filesOf({ 'notify.yaml': NOTIFY, 'a.rules': RULES })
})

afterEach(() => files.remove())

const route = (...args: readonly string[]) => runInProcess(['notify', 'route', '-n', files.at('notify.yaml'), ...args])

test('receivers are shown with the matcher and the facts that decided', async () => {
  expect(await route('PAYMENT_FAILED', '--severity', 'critical', '--service', 'checkout')).toEqual({
    exitCode: 0,
    out: 'oncall  severity == critical (severity is critical)\nteam    service starts with "check" (service is checkout)\n',
    err: '',
  })
})

test('a receiver that depends on what was not given is shown as such', async () => {
  expect((await route('PAYMENT_FAILED', '--severity', 'low')).out).toBe(
    'team  perhaps: if service starts with "check"\n',
  )
})

test('severity, owner and tags come from the rule where its file is named', async () => {
  const { out } = await route('PAYMENT_FAILED', '--rules', files.at('a.rules'), '--service', 'search')
  expect(out).toBe('oncall  severity == critical (severity is critical)\n')
  const { exitCode, err } = await route('PAYMENT_FALIED', '--rules', files.at('a.rules'))
  expect([exitCode, err]).toEqual([
    2,
    'betrace: no rule is named PAYMENT_FALIED\n  the rules are PAYMENT_FAILED, SLOW_SEARCH, TRIED_OUT\n',
  ])
})

test('nobody is said, with exit code 1', async () => {
  expect(await route('SLOW_SEARCH', '--severity', 'low', '--service', 'search', '--group', '')).toEqual({
    exitCode: 1,
    out: 'nobody is notified of SLOW_SEARCH\n',
    err: '',
  })
})

test('a mute is shown, and on what it depends', async () => {
  const muted = /^muted until \S+: INC-42 \(ana\)$/m
  expect((await route('SLOW_SEARCH', '--severity', 'low', '--group', 'region=eu')).out).toMatch(muted)
  expect((await route('SLOW_SEARCH', '--severity', 'low')).out).toMatch(
    /^muted until \S+ if rule == SLOW_SEARCH and group == eu: INC-42 \(ana\)$/m,
  )
  expect((await route('SLOW_SEARCH', '--severity', 'low', '--group', 'us')).out).not.toContain('muted')
})

test('JSON holds the same', async () => {
  const { out } = await route('SLOW_SEARCH', '--severity', 'low', '--group', 'eu', '--format', 'json')
  expect(JSON.parse(out)).toEqual({
    rule: 'SLOW_SEARCH',
    receivers: [{ receiver: 'team', certain: false, because: ['if service starts with "check"'] }],
    mutes: [{ until: expect.any(String), why: 'INC-42', by: 'ana', certain: true }],
  })
})

test('a file with problems ends the command with 2', async () => {
  const bad = filesOf({ 'notify.yaml': 'version: 2\n' })
  const { exitCode, out, err } = await runInProcess(['notify', 'route', 'X', '--notify', bad.at('notify.yaml')])
  bad.remove()
  expect([exitCode, out]).toEqual([2, ''])
  expect(err).toContain('this version of the file is not known')
  expect(err).toContain('has 2 problems\n  correct it and try again\n')
})
