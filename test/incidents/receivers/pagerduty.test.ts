import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FakePagerDuty } from '../../emulators/fake-pagerduty.ts'
import { anyNotice, noticeOf, resolvedOf } from '../notices.ts'
import { httpOf, opened, recorder } from './opened.ts'

const KEY = 'R0123456789012345678901234567890'
const pagerduty = opened('pagerduty', { key: KEY })

test('an opening triggers one alert with the first trace, however often it is sent', async () => {
  const fake = new FakePagerDuty()
  const { sent, send } = recorder()
  await pagerduty.tell(noticeOf(), undefined, send)
  expect(httpOf(sent)[0]?.url).toBe('https://events.pagerduty.com/v2/enqueue')
  expect(httpOf(sent)[0]?.json).toEqual({
    routing_key: KEY,
    dedup_key: 'betrace/0123456789abcdef0123456789abcdef.1.1',
    event_action: 'trigger',
    payload: {
      summary: 'PAYMENT_WITHOUT_RECEIPT broken in checkout since 2026-11-29 12:04:05 UTC: 1 trace',
      source: 'checkout',
      severity: 'critical',
      timestamp: '2026-11-29T12:04:05.000Z',
      component: 'payments',
      class: 'PAYMENT_WITHOUT_RECEIPT',
      custom_details: {
        About: 'Each payment gets a receipt',
        'Trace 5b8efff798038103d269b633813fc60c of checkout, 2026-11-29 12:04:05 UTC':
          'when:\n  ✓ trace.has(payment) — 1 span\nalways:\n  ✗ trace.has(receipt) — no such span',
        Severity: 'critical',
        Service: 'checkout',
        Owner: 'payments',
        Tags: 'money',
        Traces: '1 trace',
        Opened: '2026-11-29 12:04:05 UTC',
        Incident: '0123456789abcdef0123456789abcdef.1',
      },
    },
    links: [
      { href: 'https://jaeger.example/trace/5b8efff798038103d269b633813fc60c', text: 'Trace' },
      { href: 'https://docs.example/runbook#receipts', text: 'Runbook' },
    ],
    client: 'BeTrace',
  })
  for (const count of [1, 1, 50]) {
    expect(await pagerduty.tell(noticeOf({ count }), undefined, fake.send)).toEqual({ outcome: 'taken' })
  }
  expect(fake.alerts.map(({ status, summaries }) => [status, summaries.length])).toEqual([['triggered', 3]])
})

test('an end resolves the alert of its opening, and a second opening pages again', async () => {
  const fake = new FakePagerDuty()
  await pagerduty.tell(noticeOf(), undefined, fake.send)
  await pagerduty.tell(resolvedOf(), undefined, fake.send)
  expect(fake.openAlerts()).toEqual([])
  const second = { opening: 2, dedupKey: 'betrace/0123456789abcdef0123456789abcdef.1.2' }
  await pagerduty.tell(noticeOf(second), undefined, fake.send)
  expect(fake.alerts.map(({ status }) => status)).toEqual(['resolved', 'triggered'])
  await pagerduty.tell(resolvedOf(), undefined, fake.send)
  expect([fake.openAlerts().length, fake.dropped]).toEqual([1, 1])
})

test('another account or key is another target', () => {
  const target = (entry: object) => opened('pagerduty', { key: KEY, ...entry }).traits.target
  expect(target({})).toBe(pagerduty.traits.target)
  expect(target({ key: KEY.replace('R', 'S') })).not.toBe(target({}))
  expect(target({ url: 'https://events.eu.pagerduty.com/' })).not.toBe(target({}))
  expect(target({})).not.toContain(KEY)
})

test('a refusal says why, without the key; a full account is asked again later', async () => {
  const body = JSON.stringify({
    status: 'invalid event',
    message: 'Event object is invalid',
    errors: [`no ${KEY}`, '\u202e'],
  })
  const refused = await pagerduty.tell(noticeOf(), undefined, recorder({ status: 400, body }).send)
  expect(refused).toEqual({ outcome: 'refused', reason: 'answered 400: Event object is invalid; no ***; \\u202e' })
  let nowMs = 0
  const fake = new FakePagerDuty(() => nowMs)
  for (let i = 0; i < 120; i++) await pagerduty.tell(noticeOf(), undefined, fake.send)
  const throttled = { outcome: 'failed', reason: 'answered 429', unsure: false }
  expect(await pagerduty.tell(noticeOf(), undefined, fake.send)).toEqual(throttled)
  nowMs = 60_000
  expect(await pagerduty.tell(noticeOf(), undefined, fake.send)).toEqual({ outcome: 'taken' })
})

test('an answer that is lost is unsure, and the end that follows finds the alert', async () => {
  const fake = new FakePagerDuty()
  fake.faults.push({ kind: 'answer-lost' })
  expect(await pagerduty.tell(noticeOf(), undefined, fake.send)).toMatchObject({ outcome: 'failed', unsure: true })
  expect(fake.openAlerts()).toHaveLength(1)
})

test('any notice is an event that PagerDuty documents', async () => {
  const fake = new FakePagerDuty()
  await fc.assert(
    fc.asyncProperty(anyNotice, async (notice) => {
      expect(await pagerduty.tell(notice, undefined, fake.send)).toEqual({ outcome: 'taken' })
    }),
  )
})
