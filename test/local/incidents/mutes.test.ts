import { describe, expect, test } from 'vitest'
import type { Runtime } from '../../../local/runtime.ts'
import { runtimes } from '../harness.ts'
import { askApi } from './ask-api.ts'
import { incidentsAt, MINUTE_MS, notifyingHome, openReceiver, traffic } from './world.ts'

const { newHome, now, pass, send, start, stop } = runtimes()
const { breakRule, keepRule, passMinutes } = traffic({ send, pass })

const HOUR_MS = 60 * MINUTE_MS
const RULE = 'rule == PAYMENT_INVARIANT_VIOLATION'

function mute(runtime: Runtime, changes: object = {}) {
  return askApi(runtime, 'POST', '/v1/mutes', { when: RULE, forMs: HOUR_MS, why: 'INC-42', by: 'ana', ...changes })
}

describe('a mute', () => {
  test('holds back the opening, and receivers are notified when it ends and the incident is open', async () => {
    const hook = await openReceiver()
    const runtime = await start(newHome(), { webhooks: [{ url: hook.url }] })
    expect((await mute(runtime)).status).toBe(201)
    await breakRule(runtime)
    await passMinutes(runtime, 59)
    expect(incidentsAt(hook)).toEqual([])
    await pass(runtime, MINUTE_MS)
    expect(incidentsAt(hook)).toEqual([['opened', 1]])
  })

  test('that is removed lets receivers be notified at once', async () => {
    const hook = await openReceiver()
    const runtime = await start(newHome(), { webhooks: [{ url: hook.url }] })
    const { body } = await mute(runtime)
    await breakRule(runtime)
    expect(incidentsAt(hook)).toEqual([])
    expect(await askApi(runtime, 'DELETE', `/v1/mutes/${body.id}`)).toMatchObject({
      status: 200,
      body: { id: body.id, state: 'removed' },
    })
    await pass(runtime, 1)
    expect(incidentsAt(hook)).toEqual([['opened', 1]])
  })

  test('holds back changes of an incident that receivers know of, and never its end', async () => {
    const hook = await openReceiver()
    const runtime = await start(newHome(), { webhooks: [{ url: hook.url }] })
    await breakRule(runtime)
    await mute(runtime, { forMs: 24 * HOUR_MS })
    await breakRule(runtime, 2, 5)
    await passMinutes(runtime, 10)
    expect(incidentsAt(hook)).toEqual([['opened', 1]])
    await keepRule(runtime, 100, 10)
    await passMinutes(runtime, 35)
    expect(incidentsAt(hook)).toEqual([
      ['opened', 1],
      ['resolved', 6],
    ])
  })

  test('that ends lets receivers be notified of what changed meanwhile', async () => {
    const hook = await openReceiver()
    const runtime = await start(newHome(), { webhooks: [{ url: hook.url }] })
    await breakRule(runtime)
    const { body } = await mute(runtime, { forMs: 20 * MINUTE_MS })
    await breakRule(runtime, 2, 5)
    await passMinutes(runtime, 18)
    expect(incidentsAt(hook)).toHaveLength(1)
    await askApi(runtime, 'DELETE', `/v1/mutes/${body.id}`)
    await pass(runtime, 1)
    expect(incidentsAt(hook).slice(1)).toEqual([['updated', 6]])
  })

  test('holds back nothing that it does not match', async () => {
    const hook = await openReceiver()
    const runtime = await start(newHome(), { webhooks: [{ url: hook.url }] })
    await mute(runtime, { when: 'severity == low' })
    await breakRule(runtime)
    expect(incidentsAt(hook)).toEqual([['opened', 1]])
  })

  test('holds after a restart, too', async () => {
    const hook = await openReceiver()
    const home = newHome()
    const settings = { webhooks: [{ url: hook.url }] }
    const first = await start(home, settings)
    await mute(first)
    await stop(first)
    const second = await start(home, settings)
    await breakRule(second)
    expect(incidentsAt(hook)).toEqual([])
    await passMinutes(second, 61)
    expect(incidentsAt(hook)).toEqual([['opened', 1]])
  })

  test('of an incident that is over before it ends wakes nobody', async () => {
    const hook = await openReceiver()
    const runtime = await start(newHome(), { webhooks: [{ url: hook.url }] })
    await mute(runtime)
    await breakRule(runtime)
    await pass(runtime, MINUTE_MS)
    await keepRule(runtime, 100, 10)
    await passMinutes(runtime, 90)
    expect(incidentsAt(hook)).toEqual([])
  })

  test('of the file and one of the API hold together: silent until the last one ends', async () => {
    const hook = await openReceiver()
    const until = new Date(now() + 2 * HOUR_MS).toISOString()
    const { home, notifyFile } = notifyingHome(
      newHome(),
      hook.url,
      `mutes: [{ when: "${RULE}", until: ${until}, why: moving }]\n`,
    )
    const runtime = await start(home, {}, { notifyFile })
    const { body } = await mute(runtime)
    await breakRule(runtime)
    await askApi(runtime, 'DELETE', `/v1/mutes/${body.id}`)
    await passMinutes(runtime, 119)
    expect(incidentsAt(hook)).toEqual([])
    await passMinutes(runtime, 1)
    expect(incidentsAt(hook)).toEqual([['opened', 1]])
  })
})

describe('the list of mutes', () => {
  test('has those of the API, newest first, and those of the file, with what became of them', async () => {
    const hook = await openReceiver()
    const until = new Date(now() + HOUR_MS).toISOString()
    const { home, notifyFile } = notifyingHome(
      newHome(),
      hook.url,
      `mutes:\n  - { all: true, until: ${until}, why: moving, by: bo }\n`,
    )
    const runtime = await start(home, {}, { notifyFile })
    const first = await mute(runtime)
    await pass(runtime, MINUTE_MS)
    const second = await mute(runtime, { when: 'severity == low', forMs: MINUTE_MS })
    await askApi(runtime, 'DELETE', `/v1/mutes/${first.body.id}`)
    await pass(runtime, MINUTE_MS)
    const { body } = await askApi(runtime, 'GET', '/v1/mutes')
    expect(body).toEqual({
      more: false,
      mutes: [
        {
          id: 'notify.yaml:5',
          state: 'active',
          source: 'file',
          when: null,
          until,
          madeAt: null,
          why: 'moving',
          by: 'bo',
        },
        { ...second.body, state: 'ended' },
        { ...first.body, state: 'removed', until: new Date(now() - MINUTE_MS).toISOString() },
      ],
    })
  })

  test('keeps those that ended for 30 days', async () => {
    const runtime = await start(newHome())
    await mute(runtime)
    const listed = async () => (await askApi(runtime, 'GET', '/v1/mutes')).body.mutes.length
    await pass(runtime, HOUR_MS + 30 * 24 * HOUR_MS)
    expect(await listed()).toBe(1)
    await pass(runtime, 1)
    expect(await listed()).toBe(0)
  })
})

describe('a mute is refused', () => {
  test.each([
    ['without a matcher', { when: undefined }, 'does not say what it holds back'],
    ['that matches everything, without `all`', { when: 'exists(rule)' }, 'holds back nearly everything'],
    ['with a name that incidents do not have', { when: 'alertname == X' }, 'an incident has no alertname (column 1)'],
    ['that cannot be read', { when: 'rule ==' }, 'when: '],
    ['without a reason', { why: ' ' }, 'why: '],
    ['without an end', { forMs: undefined }, 'does not say when it ends'],
    ['with two ends', { until: '2026-12-01T08:00:00Z' }, 'does not say when it ends'],
    ['that ends later than 30 days from now', { forMs: 30 * 24 * HOUR_MS + 1 }, 'ends within 30 days'],
    ['that has ended', { forMs: undefined, until: '2020-01-01T00:00:00Z' }, 'has ended already'],
    ['whose end is no time with its zone', { forMs: undefined, until: '2026-12-01 08:00' }, 'not a time with its zone'],
    ['with a key that is not known', { untill: 'x' }, 'untill'],
  ])('%s', async (_, changes, message) => {
    const runtime = await start(newHome())
    const { status, body } = await mute(runtime, changes)
    expect(status).toBe(400)
    expect(body.error.message).toContain(message)
    expect(body.error.hint).not.toBe('')
  })

  test('past 200 that hold at a time', async () => {
    const runtime = await start(newHome())
    for (let made = 0; made < 200; made++) await mute(runtime, made === 0 ? { forMs: MINUTE_MS } : {})
    expect(await mute(runtime)).toMatchObject({ status: 409, body: { error: { code: 'too-many-mutes' } } })
    await pass(runtime, MINUTE_MS)
    expect((await mute(runtime)).status).toBe(201)
  })

  test('to be removed where it is of the file, not known or has ended', async () => {
    const hook = await openReceiver()
    const until = new Date(now() + HOUR_MS).toISOString()
    const { home, notifyFile } = notifyingHome(
      newHome(),
      hook.url,
      `mutes:\n  - { all: true, until: ${until}, why: moving }\n`,
    )
    const runtime = await start(home, {}, { notifyFile })
    const remove = (id: string) => askApi(runtime, 'DELETE', `/v1/mutes/${encodeURIComponent(id)}`)
    expect(await remove('notify.yaml:5')).toMatchObject({ status: 409, body: { error: { code: 'mute-of-file' } } })
    expect(await remove('none')).toMatchObject({
      status: 404,
      body: { error: { message: 'no mute has the id "none"' } },
    })
    const { body } = await mute(runtime)
    await remove(body.id)
    expect((await remove(body.id)).body.error.message).toContain('has ended already')
  })
})

test('a mute of everything is made with `all`', async () => {
  const runtime = await start(newHome())
  expect(await mute(runtime, { when: undefined, all: true })).toMatchObject({ status: 201, body: { when: null } })
  expect((await mute(runtime, { when: 'exists(rule)', all: true })).status).toBe(201)
})
