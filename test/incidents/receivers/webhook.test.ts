import { createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { IncidentEvent } from '../../../shared/incidents/incident-event.ts'
import type { RequestEnd } from '../../../shared/incidents/receivers/receiver.ts'
import { anyNotice, noticeOf, OPENED_MS, resolvedOf, TRACE } from '../notices.ts'
import { httpOf, NOW_MS, opened, recorder } from './opened.ts'

const URL_ = 'https://hooks.example/betrace'
const hook = opened('webhook', { url: URL_ })

async function told(notice = noticeOf(), receiver = hook) {
  const { sent, send } = recorder()
  expect(await receiver.tell(notice, undefined, send)).toEqual({ outcome: 'taken' })
  const [request] = httpOf(sent)
  if (request === undefined) throw new Error('nothing was sent')
  return { request, event: request.json as IncidentEvent }
}

test('an opened incident is one CloudEvent with the first trace', async () => {
  const { request, event } = await told()
  expect(request).toMatchObject({ method: 'POST', url: URL_ })
  expect(request.headers).toEqual({ 'content-type': 'application/cloudevents+json; charset=utf-8' })
  expect(event).toMatchObject({
    specversion: '1.0',
    id: '0123456789abcdef0123456789abcdef_1_1',
    type: 'dev.betrace.incident.opened',
    source: '/betrace',
    subject: 'PAYMENT_WITHOUT_RECEIPT',
    time: '2026-11-29T12:04:35.000Z',
    status: 'opened',
    incidentid: '0123456789abcdef0123456789abcdef.1',
    sequence: 1,
    data: { severity: 'critical', count: 1, openedAt: '2026-11-29T12:04:05.000Z', first: { traceId: TRACE.traceId } },
  })
})

test('the type says that an incident was opened again, updated or resolved, and how it ended', async () => {
  expect((await told(noticeOf({ opening: 2 }))).event.type).toBe('dev.betrace.incident.reopened')
  expect((await told(noticeOf({ change: 'updated', opening: 2, count: 5 }))).event.id).toMatch(/_1_5$/)
  const { event } = await told(resolvedOf())
  expect(event).toMatchObject({ status: 'resolved', data: { why: 'held', held: 512, count: 130 } })
  expect(event.data.endedAt).toBe(new Date(OPENED_MS + 42 * 60_000).toISOString())
})

test('a request is signed by each secret under the id of the event, and has the headers that were set', async () => {
  const keys = [randomBytes(24), randomBytes(32)]
  const secrets = keys.map((key) => `whsec_${key.toString('base64')}`)
  const signing = opened('webhook', { url: URL_, secrets, headers: { authorization: 'Bearer x' } })
  const { request, event } = await told(noticeOf(), signing)
  const signed = `${event.id}.${Math.floor(NOW_MS / 1000)}.${request.body}`
  const expected = keys.map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
  expect(request.headers).toMatchObject({
    authorization: 'Bearer x',
    'webhook-id': event.id,
    'webhook-signature': expected.join(' '),
  })
})

test('Grafana IRM gets an alert that it groups and ends by itself', async () => {
  const irm = opened('webhook', { url: URL_, format: 'grafana-irm' })
  const { request } = await told(noticeOf(), irm)
  expect(request.headers['content-type']).toBe('application/json')
  expect(request.json).toEqual({
    alert_uid: 'betrace/0123456789abcdef0123456789abcdef.1.1',
    title: 'PAYMENT_WITHOUT_RECEIPT broken in checkout since 2026-11-29 12:04:05 UTC: 1 trace',
    state: 'alerting',
    link_to_upstream_details: TRACE.link,
    message: expect.stringContaining('no such span'),
  })
  expect((await told(resolvedOf(), irm)).request.json).toMatchObject({ state: 'ok' })
})

const ENDS: readonly (readonly [RequestEnd, object])[] = [
  [{ status: 204, body: '' }, { outcome: 'taken' }],
  [
    { status: 400, body: 'secret' },
    { outcome: 'refused', reason: 'answered 400' },
  ],
  [{ status: 302, body: '' }, { outcome: 'refused' }],
  [
    { status: 410, body: '' },
    { outcome: 'refused', reason: 'answered 410: the receiver wants no more; remove it from notify.yaml' },
  ],
  [
    { status: 429, body: '', retryAfter: '7' },
    { outcome: 'failed', unsure: false, retryAfterMs: 7_000 },
  ],
  [
    { status: 502, body: '' },
    { outcome: 'failed', unsure: true },
  ],
  [
    { failure: 'ECONNREFUSED', unsure: false },
    { outcome: 'failed', reason: 'ECONNREFUSED', unsure: false },
  ],
]

test.each(ENDS)('%j is understood', async (end, answer) => {
  expect(await hook.tell(noticeOf(), undefined, recorder(end).send)).toMatchObject(answer)
})

test('any notice is an event of at most 20 kB with attribute names as CloudEvents has them', async () => {
  await fc.assert(
    fc.asyncProperty(anyNotice, async (notice) => {
      const { request, event } = await told(notice)
      expect(Buffer.byteLength(request.body)).toBeLessThanOrEqual(20_000)
      expect(request.body.isWellFormed()).toBe(true)
      for (const name of Object.keys(event)) expect(name).toMatch(/^[a-z0-9]{1,20}$/)
      for (const name of ['id', 'source', 'type', 'subject', 'incidentid'] as const) expect(event[name]).not.toBe('')
    }),
  )
})
