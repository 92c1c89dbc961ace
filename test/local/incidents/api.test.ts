import { describe, expect, test } from 'vitest'
import type { Runtime } from '../../../local/runtime.ts'
import { CHARGE, metric, runtimes, UNVALIDATED } from '../harness.ts'
import { askApi } from './ask-api.ts'
import { incidentsAt, MINUTE_MS, openReceiver, traceId, traffic } from './world.ts'

const { newHome, now, pass, send, start } = runtimes()
const { breakRule, keepRule } = traffic({ send, pass })

const iso = (ms: number) => new Date(ms).toISOString()

/** A server with one incident, of which one webhook was notified. */
async function broken() {
  const hook = await openReceiver()
  const runtime = await start(newHome(), { webhooks: [{ url: hook.url }] })
  await breakRule(runtime)
  const ask = (path: string) => askApi(runtime, 'GET', path)
  const listed = async (query = '') => (await ask(`/v1/incidents${query}`)).body.incidents
  const [incident] = await listed()
  return { runtime, hook, ask, listed, id: incident.id as string, incident }
}

function resolve(runtime: Runtime, id: string, body: unknown = { why: 'rolled back', by: 'ana' }) {
  return askApi(runtime, 'POST', `/v1/incidents/${id}/resolve`, body)
}

const GROUPED = UNVALIDATED.replace('trace.has', '// Group: service.name\ntrace.has')

/** Breaks the rule in the group of a service. */
function chargeOf(service: string) {
  return { ...CHARGE, service }
}

describe('the list of incidents', () => {
  test('has what is open, with its traces and what receivers know', async () => {
    const { runtime, listed, incident } = await broken()
    expect(incident).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}\.1$/),
      state: 'open',
      rule: 'PAYMENT_INVARIANT_VIOLATION',
      severity: 'critical',
      group: null,
      service: 'payments',
      owner: null,
      tags: [],
      openedAt: expect.stringMatching(/Z$/),
      endedAt: null,
      ended: null,
      hand: null,
      opening: 1,
      reopened: 0,
      traces: 1,
      tracesIsAtLeast: false,
      receivers: [{ receiver: expect.stringContaining('127.0.0.1'), state: 'notified' }],
      mute: null,
    })
    await breakRule(runtime, 2, 3)
    expect(await listed()).toMatchObject([{ id: incident.id, traces: 4 }])
  })

  test('has those in a state by when they changed, newest first, and no more than asked for', async () => {
    const runtime = await start(newHome(GROUPED))
    for (const [at, value] of ['eu', 'us', 'asia'].entries()) {
      await send(runtime, [chargeOf(value)], traceId(at))
      await pass(runtime, MINUTE_MS)
    }
    const groups = async (query: string) => {
      const { body } = await askApi(runtime, 'GET', `/v1/incidents${query}`)
      return [...body.incidents.map((each: { group: { value: string } }) => each.group.value), body.more]
    }
    const [, us] = (await askApi(runtime, 'GET', '/v1/incidents')).body.incidents
    expect(await groups('')).toEqual(['asia', 'us', 'eu', false])
    expect(await groups('?limit=2')).toEqual(['asia', 'us', true])
    await pass(runtime, MINUTE_MS)
    await resolve(runtime, us.id)
    expect(await groups('?state=open')).toEqual(['asia', 'eu', false])
    expect(await groups('?state=ended')).toEqual(['us', false])
    expect(await groups('?state=all')).toEqual(['us', 'asia', 'eu', false])
  })

  test.each(['state=broken', 'limit=0', 'limit=501', 'limit=many'])('is refused with %s', async (query) => {
    const runtime = await start(newHome())
    const { status, body } = await askApi(runtime, 'GET', `/v1/incidents?${query}`)
    expect([status, body.error.code]).toEqual([400, 'bad-query'])
  })

  test('says which mute holds an incident back', async () => {
    const { runtime, listed } = await broken()
    const posted = { when: 'rule starts with PAYMENT', forMs: MINUTE_MS, why: 'moving' }
    const { body: mute } = await askApi(runtime, 'POST', '/v1/mutes', posted)
    expect(await listed()).toMatchObject([{ mute: { id: mute.id, until: iso(now() + MINUTE_MS), why: 'moving' } }])
    await pass(runtime, MINUTE_MS)
    expect(await listed()).toMatchObject([{ mute: null }])
  })
})

describe('one incident', () => {
  test('has its newest traces, exercise, who was notified and what chats say', async () => {
    const { runtime, ask, id } = await broken()
    await breakRule(runtime, 2, 6)
    await pass(runtime, MINUTE_MS)
    await keepRule(runtime, 100, 2)
    await pass(runtime, 10_000)
    const { body } = await ask(`/v1/incidents/${id}`)
    expect(body).toMatchObject({
      id,
      state: 'open',
      runbook: 'https://runbooks.example/payments',
      first: { traceId: traceId(1), service: 'payments', text: expect.stringContaining('payment.charge') },
      exercise: { exercised: 2, held: 2, last: expect.any(String) },
      related: [],
      deliveries: [{ state: 'notified', traces: 1, attempts: 0, failure: null, mute: null }],
      text: { headline: expect.stringMatching(/^PAYMENT_INVARIANT_VIOLATION broken in payments since .*: 7 traces$/) },
    })
    expect(body.latest).toHaveLength(5)
    expect(body.latest[0].at >= body.latest[4].at).toBe(true)
  })

  test('is found by its key, by the first digits of it, and not by another episode', async () => {
    const { ask, id } = await broken()
    const [key = ''] = id.split('.')
    for (const name of [key, key.slice(0, 6), key.slice(0, 6).toUpperCase(), `${key.slice(0, 6)}.1`]) {
      expect((await ask(`/v1/incidents/${name}`)).body.id).toBe(id)
    }
    const other = await ask(`/v1/incidents/${key}.2`)
    expect(other).toMatchObject({ status: 404, body: { error: { hint: `its last one is ${id}` } } })
    for (const name of ['zz', `${key}0`, `${key}.0`, '%zz', `${id}/traces`, `${id}/resolve/x`]) {
      expect([name, (await ask(`/v1/incidents/${name}`)).status]).toEqual([name, 404])
    }
  })

  test('is not found by digits that several begin with', async () => {
    const runtime = await start(newHome(GROUPED))
    for (let at = 0; at < 17; at++) await send(runtime, [chargeOf(`r${at}`)], traceId(at))
    await pass(runtime, 5_000)
    await pass(runtime, 10_000)
    const { body } = await askApi(runtime, 'GET', '/v1/incidents')
    const firsts = body.incidents.map(({ id }: { id: string }) => id[0])
    const twice = firsts.find((digit: string, at: number) => firsts.indexOf(digit) !== at)
    expect(await askApi(runtime, 'GET', `/v1/incidents/${twice}`)).toMatchObject({
      status: 409,
      body: { error: { code: 'ambiguous-incident', hint: 'give more of it' } },
    })
  })

  test('says why a receiver was not notified', async () => {
    const hook = await openReceiver()
    hook.answer = 503
    const runtime = await start(newHome(), { webhooks: [{ url: hook.url }] })
    await breakRule(runtime)
    const [{ id, receivers }] = (await askApi(runtime, 'GET', '/v1/incidents')).body.incidents
    expect(receivers).toMatchObject([{ state: 'failing' }])
    const { body } = await askApi(runtime, 'GET', `/v1/incidents/${id}`)
    expect(body.deliveries).toMatchObject([
      { state: 'failing', notifiedAt: null, failure: expect.stringContaining('503'), nextAt: expect.any(String) },
    ])
  })
})

test('what a receiver did not take before the incident ended waits no longer', async () => {
  const hook = await openReceiver()
  // It did not take it: after a 503 it might have, and would have to be notified of the end.
  hook.answer = 429
  const runtime = await start(newHome(), { webhooks: [{ url: hook.url }] })
  await breakRule(runtime)
  const [{ id }] = (await askApi(runtime, 'GET', '/v1/incidents')).body.incidents
  const waiting = async () => (await metric(runtime, 'betrace_notifications_waiting{'))[0]?.split(' ').at(-1)
  expect(await waiting()).toBe('1')
  await resolve(runtime, id)
  await pass(runtime, MINUTE_MS)
  expect(await waiting()).toBe('0')
  const { body } = await askApi(runtime, 'GET', `/v1/incidents/${id}`)
  expect(body.deliveries).toMatchObject([{ state: 'none', notifiedAt: null, nextAt: null }])
})

describe('an incident that a person resolves', () => {
  test('ends, says who and why, and its receivers are notified', async () => {
    const { runtime, hook, ask, listed, id } = await broken()
    expect(await resolve(runtime, id)).toMatchObject({
      status: 200,
      body: { id, state: 'ended', ended: 'by-hand', hand: { by: 'ana', why: 'rolled back' }, endedAt: iso(now()) },
    })
    await pass(runtime, 1)
    expect(incidentsAt(hook)).toEqual([
      ['opened', 1],
      ['resolved', 1],
    ])
    expect(hook.received.at(-1)?.body).toContain('"hand":{"by":"ana","why":"rolled back"}')
    expect(await listed()).toEqual([])
    const { text } = (await ask(`/v1/incidents/${id}`)).body
    expect(text.sentences).toContain('Closed by ana: rolled back')
  })

  test('opens again with the next violation, and nobody is said to have closed it', async () => {
    const { runtime, hook, listed, id } = await broken()
    await resolve(runtime, id)
    await pass(runtime, 1)
    await breakRule(runtime, 2)
    expect(await listed()).toMatchObject([{ id, state: 'open', opening: 2, hand: null }])
    expect(incidentsAt(hook).map(([change]) => change)).toEqual(['opened', 'resolved', 'reopened'])
  })

  test('cannot be resolved twice', async () => {
    const { runtime, id } = await broken()
    await resolve(runtime, id)
    expect(await resolve(runtime, id)).toMatchObject({ status: 409, body: { error: { code: 'not-open' } } })
  })

  test.each([
    ['without a reason', { by: 'ana' }],
    ['with an empty reason', { why: '' }],
    ['with a long one', { why: 'x'.repeat(501) }],
    ['with a key that is not known', { why: 'x', because: 'y' }],
    ['with no object', 'why'],
  ])('is refused %s', async (_, body) => {
    const { runtime, id } = await broken()
    expect(await resolve(runtime, id, body)).toMatchObject({ status: 400, body: { error: { code: 'bad-end' } } })
  })
})

describe('the API of incidents', () => {
  test.each([
    ['PUT', '/v1/incidents', 'GET, HEAD'],
    ['POST', '/v1/incidents/a', 'GET, HEAD'],
    ['GET', '/v1/incidents/a/resolve', 'POST'],
    ['PUT', '/v1/mutes', 'GET, HEAD, POST'],
    ['GET', '/v1/mutes/a', 'DELETE'],
  ])('does not take %s %s', async (method, path, allow) => {
    const { url } = await start(newHome())
    const response = await fetch(`${url}${path}`, { method })
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow])
  })

  test('takes only JSON, and only what is JSON', async () => {
    const { url } = await start(newHome())
    for (const path of ['/v1/mutes', '/v1/incidents/a/resolve']) {
      const plain = await fetch(`${url}${path}`, { method: 'POST', body: '{}' })
      expect(plain.status).toBe(415)
      const headers = { 'content-type': 'application/json' }
      const broken = await fetch(`${url}${path}`, { method: 'POST', headers, body: '{' })
      expect([broken.status, await broken.text()]).toEqual([400, expect.stringContaining('not-json')])
    }
  })

  test('asks for the key that the server asks for, and is counted', async () => {
    const runtime = await start(newHome(), { apiKeys: ['a-key-of-sixteen-or-more'] })
    for (const path of ['/v1/incidents', '/v1/mutes', '/v1/incidents/a']) {
      const response = await fetch(`${runtime.url}${path}`)
      expect(response.status).toBe(401)
    }
    const headers = { 'x-api-key': 'a-key-of-sixteen-or-more' }
    expect((await askApi(runtime, 'GET', '/v1/incidents', undefined, headers)).status).toBe(200)
    expect(await metric(runtime, 'betrace_api_requests_total')).toEqual(['betrace_api_requests_total{status="200"} 1'])
  })

  test('does nothing for a web page', async () => {
    const { url } = await start(newHome())
    for (const [method, path] of [
      ['GET', '/v1/incidents'],
      ['DELETE', '/v1/mutes/a'],
    ] as const) {
      const response = await fetch(`${url}${path}`, { method, headers: { origin: 'https://shop.example' } })
      expect(response.status).toBe(403)
    }
  })
})
