import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyNotice, noticeOf, OPENED_MS, resolvedOf, TRACE } from '../notices.ts'
import { httpOf, NOW_MS, opened, recorder } from './opened.ts'

const logs = opened('otlp-logs', { url: 'http://collector.example:4318/', headers: { 'x-key': 'k3y' } })
const withSpans = opened('otlp-logs', { url: 'http://collector.example:4318', spans: true })

test('a state of an incident is a log record at its first witness span', async () => {
  const { sent, send } = recorder({ status: 200, body: '{"partialSuccess":{}}' })
  expect(await logs.tell(noticeOf(), undefined, send)).toEqual({ outcome: 'taken' })
  const [request] = httpOf(sent)
  expect(request?.url).toBe('http://collector.example:4318/v1/logs')
  expect(request?.headers).toEqual({ 'x-key': 'k3y', 'content-type': 'application/json' })
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const record = {
    timeUnixNano: `${OPENED_MS + 30_000}000000`,
    observedTimeUnixNano: `${NOW_MS}000000`,
    severityNumber: 19,
    severityText: 'critical',
    eventName: 'betrace.incident',
    body: { stringValue: expect.stringContaining('PAYMENT_WITHOUT_RECEIPT broken in checkout') },
    attributes: [
      text('betrace.rule', 'PAYMENT_WITHOUT_RECEIPT'),
      text('betrace.incident.id', '0123456789abcdef0123456789abcdef.1'),
      text('betrace.incident.status', 'opened'),
      { key: 'betrace.incident.opening', value: { intValue: '1' } },
      { key: 'betrace.incident.traces', value: { intValue: '1' } },
      text('betrace.owner', 'payments'),
      text('betrace.runbook', 'https://docs.example/runbook#receipts'),
      text('betrace.service', 'checkout'),
    ],
    traceId: TRACE.traceId,
    spanId: TRACE.spanId,
  }
  expect(request?.json).toEqual({
    resourceLogs: [
      {
        resource: { attributes: [text('service.name', 'betrace')] },
        scopeLogs: [{ scope: { name: 'dev.betrace' }, logRecords: [record] }],
      },
    ],
  })
})

interface Spans {
  readonly resourceSpans: readonly [{ readonly scopeSpans: readonly [{ readonly spans: readonly object[] }] }]
}

test('an opening that has ended is a span, too, linked to its witnesses', async () => {
  const { sent, send } = recorder()
  const other = { ...TRACE, traceId: '0'.repeat(31).concat('1') }
  await withSpans.tell(resolvedOf({ latest: [other, TRACE] }), undefined, send)
  expect(httpOf(sent).map(({ url }) => new URL(url).pathname)).toEqual(['/v1/traces', '/v1/logs'])
  const [{ json } = { json: undefined }] = httpOf(sent)
  const [{ scopeSpans }] = (json as Spans).resourceSpans
  expect(scopeSpans[0].spans).toMatchObject([
    {
      traceId: expect.stringMatching(/^[\da-f]{32}$/),
      spanId: expect.stringMatching(/^[\da-f]{16}$/),
      name: 'incident PAYMENT_WITHOUT_RECEIPT',
      kind: 1,
      startTimeUnixNano: `${OPENED_MS}000000`,
      endTimeUnixNano: `${OPENED_MS + 42 * 60_000}000000`,
      links: [{ traceId: TRACE.traceId, spanId: TRACE.spanId }, { traceId: other.traceId }],
    },
  ])
  await withSpans.tell(noticeOf(), undefined, send)
  expect(httpOf(sent)).toHaveLength(3)
})

test('a record that is rejected in an answer of 200 is refused', async () => {
  const body = '{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"no k3y"}}'
  const answer = await logs.tell(noticeOf(), undefined, recorder({ status: 200, body }).send)
  expect(answer).toEqual({ outcome: 'refused', reason: 'rejected: no ***' })
})

test('any notice is a record of bounded size with ids and times that OTLP takes', async () => {
  await fc.assert(
    fc.asyncProperty(anyNotice, async (notice) => {
      const { sent, send } = recorder()
      await withSpans.tell(notice, undefined, send)
      for (const { body } of httpOf(sent)) {
        expect(Buffer.byteLength(body)).toBeLessThan(128 * 1024)
        expect(body).not.toMatch(/"(?:traceId|spanId)":"(?:0*|[^"]*[^"\da-f][^"]*)"/)
        expect(body).not.toMatch(/UnixNano":"[^\d]/)
      }
    }),
  )
})
