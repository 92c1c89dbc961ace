import { describe, expect, test } from 'vitest'
import { runtimes } from '../../local/harness.ts'
import { incidentsAt, MINUTE_MS, notifyingHome, openReceiver, traffic } from '../../local/incidents/world.ts'
import { runInProcess } from '../fake-terminal.ts'

const { newHome, now, pass, send, start } = runtimes()
const { breakRule } = traffic({ send, pass })

const MATCHER = 'rule == PAYMENT_INVARIANT_VIOLATION'
const iso = (ms: number) => new Date(ms).toISOString()
const minute = (ms: number) => `${iso(ms).slice(0, 16).replace('T', ' ')} UTC`

async function muting() {
  const hook = await openReceiver()
  const runtime = await start(newHome(), { webhooks: [{ url: hook.url }] })
  const mute = (...words: readonly string[]) => runInProcess(['mute', ...words, '--url', runtime.url])
  return { hook, runtime, mute }
}

describe('betrace mute', () => {
  test('holds back what its matcher takes, prints an id, and says how to end it', async () => {
    const { hook, runtime, mute } = await muting()
    const { exitCode, out, err } = await mute(MATCHER, '--for', '2h', '--why', 'INC-42', '--by', 'ana')
    expect([exitCode, out]).toEqual([0, expect.stringMatching(/^[0-9a-f]{8}\n$/)])
    const until = minute(now() + 120 * MINUTE_MS)
    expect(err).toBe(`${MATCHER} is muted until ${until}; betrace mute remove ${out.trim()} ends it sooner\n`)
    await breakRule(runtime)
    expect(incidentsAt(hook)).toEqual([])
    const removed = await mute('remove', out.trim())
    expect([removed.exitCode, removed.out]).toEqual([0, `${out.trim()} no longer holds back ${MATCHER}\n`])
    await pass(runtime, 1)
    expect(incidentsAt(hook)).toEqual([['opened', 1]])
  })

  test('takes a time for its end, and everything only where that is said', async () => {
    const { mute } = await muting()
    const until = iso(now() + 60 * MINUTE_MS)
    expect(await mute('add', MATCHER, '--until', until, '--why', 'moving')).toMatchObject({ exitCode: 0 })
    expect(await mute('--all', '--for', '30m', '--why', 'moving')).toMatchObject({
      exitCode: 0,
      err: expect.stringMatching(/^everything is muted until /),
    })
    const nearly = await mute('exists(rule)', '--for', '30m', '--why', 'moving')
    expect(nearly).toMatchObject({ exitCode: 2, err: expect.stringContaining('--all') })
    expect((await mute('exists(rule)', '--all', '--for', '30m', '--why', 'moving')).exitCode).toBe(0)
  })

  test.each([
    ['no end', [MATCHER, '--why', 'x'], 'say when the mute ends'],
    ['two ends', [MATCHER, '--why', 'x', '--for', '1h', '--until', '2026-12-01T08:00:00Z'], 'say when the mute ends'],
    ['no matcher', ['--why', 'x', '--for', '1h'], 'say what the mute holds back'],
    ['no reason', [MATCHER, '--for', '1h'], '--why'],
    ['a duration without its unit', [MATCHER, '--for', '2', '--why', 'x'], 'Write a duration as'],
    ['too long a time', [MATCHER, '--for', '31d', '--why', 'x'], 'a mute ends within 30 days'],
    ['a name that incidents do not have', ['alertname == X', '--for', '1h', '--why', 'x'], 'did you mean rule?'],
  ])('says what to do about %s', async (_, words, message) => {
    const { mute } = await muting()
    const { exitCode, out, err } = await mute(...words)
    expect([exitCode, out, err]).toEqual([2, '', expect.stringContaining(message)])
  })
})

describe('betrace mute list', () => {
  test('shows each on a line: when it ends, what it holds back, and why', async () => {
    const hook = await openReceiver()
    const until = iso(now() + 60 * MINUTE_MS)
    const { home, notifyFile } = notifyingHome(
      newHome(),
      hook.url,
      `mutes: [{ all: true, until: ${until}, why: moving }]\n`,
    )
    const runtime = await start(home, {}, { notifyFile })
    const mute = (...words: readonly string[]) => runInProcess(['mute', ...words, '--url', runtime.url])
    const id = (await mute(MATCHER, '--for', '2h', '--why', 'INC-42', '--by', 'ana')).out.trim()
    await mute('remove', id)
    expect((await mute('list')).out).toBe(
      [
        `notify.yaml:4  until ${minute(now() + 60 * MINUTE_MS)}    everything                           moving`,
        `${id}       removed ${minute(now())}  ${MATCHER}  INC-42 (ana)`,
        '',
      ].join('\n'),
    )
    const lines = (await mute('list', '--format', 'jsonl')).out.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual(JSON.parse((await mute('list', '--format', 'json')).out))
    const ofFile = await mute('remove', 'notify.yaml:4')
    expect(ofFile).toMatchObject({ exitCode: 2, err: expect.stringContaining('remove it there') })
  })

  test('says that there are none', async () => {
    const { mute } = await muting()
    expect((await mute('list')).out).toBe('no mutes\n')
    expect((await mute('list', '--format', 'jsonl')).out).toBe('')
  })
})
