import { describe, expect, test } from 'vitest'
import { runtimes, UNVALIDATED } from '../../local/harness.ts'
import { incidentsAt, MINUTE_MS, openReceiver, traceId, traffic } from '../../local/incidents/world.ts'
import { runInProcess } from '../fake-terminal.ts'

const { newHome, now, pass, send, start } = runtimes()
const { breakRule } = traffic({ send, pass })

/** A server of which one webhook was notified of one incident, and the commands that ask it. */
async function broken(answer = 200) {
  const hook = await openReceiver()
  hook.answer = answer
  const runtime = await start(newHome(), { webhooks: [{ url: hook.url }] })
  const ask = (...words: readonly string[]) => runInProcess(['incidents', ...words, '--url', runtime.url])
  const listed = async (...words: readonly string[]) =>
    JSON.parse((await ask('list', ...words, '--format', 'json')).out) as readonly { readonly id: string }[]
  await breakRule(runtime)
  const [{ id } = { id: '' }] = await listed()
  return { runtime, hook, ask, listed, id }
}

const minute = (ms: number) => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

describe('betrace incidents list', () => {
  test('shows each on a line: since when, how many traces, and who was notified', async () => {
    const { runtime, ask, id } = await broken()
    await breakRule(runtime, 2, 3)
    const { exitCode, out } = await ask('list')
    expect(exitCode).toBe(0)
    expect(out).toMatch(
      new RegExp(
        `^${id.slice(0, 8)}  CRITICAL  PAYMENT_INVARIANT_VIOLATION  since [\\d-]+ [\\d:]+ UTC  4 traces  notified 1 127\\.0\\.0\\.1:\\d+\n$`,
      ),
    )
  })

  test('shows how the ended ones ended, and says where there are none', async () => {
    const { runtime, ask, id } = await broken()
    expect((await ask('list', '--state', 'ended')).out).toBe('no ended incidents\n')
    await pass(runtime, MINUTE_MS)
    await ask('resolve', id, '--why', 'rolled back')
    expect((await ask('list')).out).toBe('no open incidents\n')
    expect((await ask('list', '--state', 'ended')).out).toMatch(
      /UTC, closed by hand after 1 minute 1\d seconds {2}1 trace/,
    )
  })

  test('aligns columns, and names groups, mutes and receivers that fail', async () => {
    const hook = await openReceiver()
    hook.answer = 503
    const rules = UNVALIDATED.replace('trace.has', '// Group: service.name\ntrace.has')
    const runtime = await start(newHome(rules), { webhooks: [{ url: hook.url }] })
    const run = (...words: readonly string[]) => runInProcess([...words, '--url', runtime.url])
    await run('mute', 'group == warehouse', '--for', '2h', '--why', 'moving')
    for (const [at, service] of ['shop', 'warehouse'].entries()) {
      await send(runtime, [{ name: 'payment.charge', id: 1, service }], traceId(at))
      await pass(runtime, 15_000)
    }
    const [first = '', second = ''] = (await run('incidents', 'list')).out.split('\n')
    expect(first).toContain('PAYMENT_INVARIANT_VIOLATION (warehouse)  since ')
    expect(first).toMatch(/ muted {2}muted until [\d-]+ [\d:]+ UTC: moving$/)
    expect(second).toContain('PAYMENT_INVARIANT_VIOLATION (shop)       since ')
    expect(second).toMatch(/ failing$/)
  })

  test('is lines of JSON for a program, and says that there are more than asked for', async () => {
    const { ask, listed, id } = await broken()
    const { out } = await ask('list', '--format', 'jsonl')
    expect(JSON.parse(out)).toEqual((await listed())[0])
    expect((await ask('list', '--limit', '501')).err).toContain('from 1 to 500')
    expect((await ask('list', '--state', 'broken')).exitCode).toBe(2)
    expect(id).toMatch(/\.1$/)
  })
})

describe('betrace incidents show', () => {
  test('says what chats say, and what became of each receiver', async () => {
    const { ask, id } = await broken()
    const { exitCode, out } = await ask('show', id.slice(0, 6))
    expect(exitCode).toBe(0)
    expect(out).toMatch(/^PAYMENT_INVARIANT_VIOLATION broken in payments since [\d-]+ [\d:]+ UTC: 1 trace\n\nTrace /)
    expect(out).toContain('\nRunbook: https://runbooks.example/payments\n')
    expect(out).toContain(`\nIncident: ${id}\n`)
    expect(out).toMatch(/\nReceivers:\n {2}1 127\.0\.0\.1:\d+ {2}last notified [\d-]+ [\d:]+ UTC of 1 trace\n$/)
  })

  test('says why a receiver was not notified, and when that is tried again', async () => {
    const { ask, id } = await broken(503)
    const { out } = await ask('show', id)
    expect(out).toMatch(/failing: answered 503 \(\d attempts?, tried again at [\d-]+ [\d:]+ UTC\); never notified\n/)
  })

  test('is JSON for a program', async () => {
    const { ask, id } = await broken()
    expect(JSON.parse((await ask('show', id, '--format', 'json')).out)).toMatchObject({
      id,
      deliveries: [{}],
      text: {},
    })
  })

  test('names no incident that is not known', async () => {
    const { ask } = await broken()
    const { exitCode, out, err } = await ask('show', 'zz')
    expect([exitCode, out]).toEqual([2, ''])
    expect(err).toContain('no incident has the id "zz"\n  GET /v1/incidents?state=all, or betrace incidents list')
  })
})

describe('betrace incidents resolve', () => {
  test('ends an incident, and its receivers are notified', async () => {
    const { runtime, hook, ask, id } = await broken()
    const { exitCode, out } = await ask('resolve', id.slice(0, 8), '--why', 'rolled back', '--by', 'ana')
    expect([exitCode, out]).toEqual([0, `${id} PAYMENT_INVARIANT_VIOLATION has ended\n`])
    await pass(runtime, 1)
    expect(incidentsAt(hook).map(([change]) => change)).toEqual(['opened', 'resolved'])
    expect((await ask('show', id)).out).toContain('\nClosed by ana: rolled back\n')
  })

  test('asks for the reason, and for an incident that is open', async () => {
    const { ask, id } = await broken()
    expect(await ask('resolve', id)).toMatchObject({ exitCode: 2, err: expect.stringContaining('--why') })
    await ask('resolve', id, '--why', 'rolled back')
    const twice = await ask('resolve', id, '--why', 'rolled back')
    expect(twice).toMatchObject({ exitCode: 2, err: expect.stringContaining(`${id} is not open`) })
  })
})

describe('a server', () => {
  test('that is not there, or asks for a key, says what to do', async () => {
    const gone = await runInProcess(['incidents', 'list', '--url', 'http://127.0.0.1:9'])
    expect([gone.exitCode, gone.err]).toEqual([
      2,
      expect.stringMatching(/start one with betrace serve.*--url, or a deployed stack with --stack\n$/s),
    ])
    const key = 'a-key-of-sixteen-or-more'
    const { url } = await start(newHome(), { apiKeys: [key] })
    const keyless = await runInProcess(['incidents', 'list', '--url', url])
    expect([keyless.exitCode, keyless.err]).toEqual([2, expect.stringContaining('BETRACE_API_KEY')])
    expect((await runInProcess(['incidents', 'list', '--url', url, '--api-key', key])).out).toBe('no open incidents\n')
  })

  test('shows the minute at which a mute ends', async () => {
    const { runtime, ask } = await broken()
    const words = ['mute', 'severity == critical', '--for', '2h', '--why', 'moving', '--url', runtime.url]
    await runInProcess(words)
    expect((await ask('list')).out).toContain(`muted until ${minute(now() + 2 * 3_600_000)}: moving`)
  })
})
