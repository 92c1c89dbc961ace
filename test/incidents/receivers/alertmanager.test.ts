import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DeliveryRef } from '../../../shared/incidents/receivers/receiver.ts'
import { anyNotice, noticeOf, OPENED_MS, resolvedOf } from '../notices.ts'
import { httpOf, NOW_MS, opened, recorder } from './opened.ts'

const alertmanager = opened('alertmanager', {
  url: 'https://alertmanager.example/am/',
  headers: { authorization: 'Bearer t0ken' },
})

interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
  readonly generatorURL?: string
}

async function told(notice = noticeOf(), ref?: DeliveryRef) {
  const { sent, send } = recorder()
  const answer = await alertmanager.tell(notice, ref, send)
  const alerts = httpOf(sent).map(({ json }) => json as readonly Alert[])
  return {
    answer,
    sent: httpOf(sent),
    alerts: alerts.map(([alert]) => alert as Alert),
    counts: alerts.map((each) => each.length),
  }
}

const OPEN_REF = { severity: 'critical', service: 'checkout', owner: 'payments' }
const LABELS = { alertname: 'PAYMENT_WITHOUT_RECEIPT', ...OPEN_REF }
const time = (ms: number) => new Date(ms).toISOString()

test('an open incident is one alert that ends by itself four minutes later', async () => {
  const { answer, sent, alerts } = await told()
  expect(sent[0]?.url).toBe('https://alertmanager.example/am/api/v2/alerts')
  expect(sent[0]?.headers).toEqual({ authorization: 'Bearer t0ken', 'content-type': 'application/json' })
  expect(alerts).toEqual([
    {
      labels: LABELS,
      annotations: {
        summary: 'PAYMENT_WITHOUT_RECEIPT broken in checkout since 2026-11-29 12:04:05 UTC: 1 trace',
        description:
          'Each payment gets a receipt\nTrace 5b8efff798038103d269b633813fc60c of checkout, 2026-11-29 12:04:05 UTC:\nwhen:\n  ✓ trace.has(payment) — 1 span\nalways:\n  ✗ trace.has(receipt) — no such span',
        traces: '1 trace',
        incident: '0123456789abcdef0123456789abcdef.1',
        trace: 'https://jaeger.example/trace/5b8efff798038103d269b633813fc60c',
        runbook: 'https://docs.example/runbook#receipts',
      },
      startsAt: time(OPENED_MS),
      endsAt: time(NOW_MS + 240_000),
      generatorURL: 'https://jaeger.example/trace/5b8efff798038103d269b633813fc60c',
    },
  ])
  expect(answer).toEqual({ outcome: 'taken', ref: OPEN_REF })
  expect(alertmanager.traits.heartbeatMs).toBe(60_000)
})

test('an end has the labels of the opening and its own annotations', async () => {
  const { alerts } = await told(resolvedOf({ owner: 'others', service: 'cart', severity: 'low' }), OPEN_REF)
  expect(alerts).toMatchObject([{ labels: LABELS, endsAt: time(NOW_MS), annotations: { traces: '130 traces' } }])
  expect(alerts[0]?.annotations.summary).toContain('held 512 times since')
})

test('groups that differ in their last character are two alerts', async () => {
  const group = (end: string) => noticeOf({ group: { name: 'tenant', value: `${'\u202e'.repeat(199)}${end}` } })
  const labels = await Promise.all(['a', 'b'].map(async (end) => (await told(group(end))).alerts[0]?.labels.group))
  expect(labels[0]).not.toBe(labels[1])
})

test('another severity is an alert of its own, and the one before ends', async () => {
  const { alerts, counts, answer } = await told(noticeOf({ severity: 'critical' }), { ...OPEN_REF, severity: 'high' })
  expect(counts).toEqual([1, 1])
  expect(alerts.map(({ labels, endsAt }) => [labels.severity, endsAt])).toEqual([
    ['critical', time(NOW_MS + 240_000)],
    ['high', time(NOW_MS)],
  ])
  expect(answer).toEqual({ outcome: 'taken', ref: OPEN_REF })
})

test('a refusal says why, without the headers', async () => {
  const end = { status: 400, body: '{"code":400,"message":"start time of Bearer t0ken must be before end time"}' }
  expect(await alertmanager.tell(noticeOf(), undefined, recorder(end).send)).toEqual({
    outcome: 'refused',
    reason: 'answered 400: start time of *** must be before end time',
  })
})

test('any notice is an alert with labels of text, an order of times and addresses that are some', async () => {
  await fc.assert(
    fc.asyncProperty(anyNotice, async (notice) => {
      const { alerts } = await told(notice)
      for (const { labels, annotations, startsAt, endsAt, generatorURL } of alerts) {
        expect(labels.alertname).toBeTruthy()
        expect(Object.values(labels).every((value) => value !== '' && value.length <= 1_500)).toBe(true)
        expect(Object.keys(annotations).every((name) => /^[a-z_]+$/.test(name))).toBe(true)
        expect(Date.parse(startsAt)).toBeLessThanOrEqual(Date.parse(endsAt))
        if (generatorURL !== undefined) expect(URL.canParse(generatorURL)).toBe(true)
      }
    }),
  )
})
