import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Runtime } from '../../../local/runtime.ts'
import type { Log } from '../../../shared/pipeline/ports.ts'
import { CHARGE, metric, runtimes, statuses } from '../harness.ts'
import { newReceiver, type Receiver } from './receiver.ts'

const { newHome, pass, send, start, stop } = runtimes()

let receiver: Receiver
beforeEach(async () => {
  receiver = await newReceiver()
})
afterEach(() => receiver.close())

const HOUR_MS = 3_600_000
const trace = (number: number) => String(number).padStart(32, '0')
const toReceiver = (more: object = {}) => ({ webhooks: [{ url: receiver.url, ...more }] })
const ids = () => receiver.signals().map(({ event }) => event.id)

const health = async ({ url }: Runtime) => (await fetch(`${url}/healthz`)).json()

describe('a webhook', () => {
  test('gets each signal as one CloudEvent, with the headers it is to have', async () => {
    const runtime = await start(newHome(), toReceiver({ headers: { authorization: 'Bearer x' } }))
    await send(runtime, [CHARGE])
    await pass(runtime, 5_000)
    await pass(runtime, 5_000)
    expect(receiver.signals()).toHaveLength(1)
    expect(receiver.signals()[0]?.event).toEqual(runtime.signals.find({})[0]?.event)
    expect(receiver.signals()[0]?.headers).toMatchObject({
      'content-type': 'application/cloudevents+json; charset=utf-8',
      authorization: 'Bearer x',
    })
    expect(await metric(runtime, 'betrace_webhook_deliveries_total')).toContainEqual(
      expect.stringMatching(/outcome="delivered"\} 1$/),
    )
  })

  test('gets each request signed as it came, with the same id when it is sent again', async () => {
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
    const runtime = await start(newHome(), toReceiver({ secrets: [secret] }), { random: () => 1 })
    receiver.answer = 503
    await send(runtime, [CHARGE])
    await pass(runtime, 5_000)
    receiver.answer = 200
    await pass(runtime, HOUR_MS)
    const [first, second] = receiver.signals()
    for (const request of [first, second]) {
      const {
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': signature,
      } = request?.headers ?? {}
      const signed = `${id}.${timestamp}.${request?.body}`
      expect(signature).toBe(`v1,${createHmac('sha256', Buffer.alloc(32, 7)).update(signed).digest('base64')}`)
    }
    expect(first?.headers['webhook-id']).toBe(first?.event.id.replaceAll('.', '_'))
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(second?.headers['webhook-timestamp']).not.toBe(first?.headers['webhook-timestamp'])
  })

  test('that fails and recovers gets every signal, later each time', async () => {
    const runtime = await start(newHome(), toReceiver(), { random: () => 1 })
    receiver.answer = 503
    for (const number of [1, 2, 3]) await send(runtime, [CHARGE], trace(number))
    await pass(runtime, 5_000)
    expect(receiver.signals()).toHaveLength(3)
    await pass(runtime, 999)
    expect(receiver.signals()).toHaveLength(3)
    await pass(runtime, 1)
    expect(receiver.signals()).toHaveLength(6)
    receiver.answer = 204
    await pass(runtime, 1_999)
    expect(receiver.signals()).toHaveLength(6)
    await pass(runtime, 1)
    await pass(runtime, HOUR_MS)
    expect(receiver.signals()).toHaveLength(9)
    expect(new Set(ids().slice(6)).size).toBe(3)
    expect(await metric(runtime, 'betrace_webhook_waiting')).toEqual([expect.stringMatching(/ 0$/)])
  })

  test('that does not answer is left for later, and never holds up judging', async () => {
    const runtime = await start(newHome(), toReceiver({ timeoutMs: 50 }))
    receiver.answer = 'hang'
    await send(runtime, [CHARGE], trace(1))
    await pass(runtime, 5_000)
    receiver.answer = 200
    await send(runtime, [CHARGE], trace(2))
    await pass(runtime, 5_000)
    expect(statuses(runtime)).toHaveLength(2)
    expect(new Set(ids()).size).toBe(2)
  })

  test('that cannot be reached gets its signals after a restart', async () => {
    const home = newHome()
    const unreachable = { webhooks: [{ url: 'http://127.0.0.1:1/hook' }] }
    const first = await start(home, unreachable)
    await send(first, [CHARGE])
    await pass(first, 5_000)
    expect(await metric(first, 'betrace_webhook_waiting')).toEqual([expect.stringMatching(/ 1$/)])
    await stop(first)
    const second = await start(home, unreachable, {
      fetch: ((_url: string, init: RequestInit) => fetch(receiver.url, init)) as typeof fetch,
    })
    await pass(second, HOUR_MS)
    expect(receiver.signals()).toHaveLength(1)
  })

  test('waits as long as the receiver asks for', async () => {
    const runtime = await start(newHome(), toReceiver())
    receiver.answer = 429
    receiver.retryAfter = '60'
    await send(runtime, [CHARGE])
    await pass(runtime, 5_000)
    receiver.answer = 200
    await pass(runtime, 59_999)
    expect(receiver.signals()).toHaveLength(1)
    await pass(runtime, 1)
    expect(receiver.signals()).toHaveLength(2)
  })

  test('that refuses a signal is not asked again; the signal is set aside and tried at the next start', async () => {
    const home = newHome()
    const logged: string[] = []
    const log: Log = (level, message, fields) => logged.push(`${level} ${message} ${JSON.stringify(fields)}`)
    const first = await start(home, toReceiver(), { log })
    receiver.answer = 401
    await send(first, [CHARGE])
    await pass(first, 5_000)
    await pass(first, HOUR_MS)
    expect(receiver.signals()).toHaveLength(1)
    expect(await metric(first, 'betrace_webhook_set_aside')).toEqual([expect.stringMatching(/ 1$/)])
    expect(logged.join()).toContain('answered 401')
    expect(logged.join()).not.toContain('secret-token')
    const shown = await health(first)
    expect(shown).toMatchObject({ status: 'degraded', webhooks: expect.stringMatching(/1 signals, answered 401 \(/) })
    expect(JSON.stringify(shown)).not.toContain('secret-token')
    await stop(first)
    receiver.answer = 200
    const second = await start(home, toReceiver())
    await pass(second, 0)
    expect(await health(second)).toMatchObject({ status: 'ok', webhooks: 'ok' })
    expect(new Set(ids()).size).toBe(1)
    expect(receiver.signals()).toHaveLength(2)
  })

  test('that keeps failing is dropped after its attempts', async () => {
    const runtime = await start(newHome(), toReceiver({ maxAttempts: 3 }))
    receiver.answer = 500
    await send(runtime, [CHARGE])
    await pass(runtime, 5_000)
    for (let hours = 0; hours < 6; hours++) await pass(runtime, HOUR_MS)
    expect(receiver.signals()).toHaveLength(3)
    expect(await metric(runtime, 'betrace_webhook_set_aside')).toEqual([expect.stringMatching(/ 1$/)])
  })
})
