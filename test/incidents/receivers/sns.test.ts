import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { IncidentEvent } from '../../../shared/incidents/incident-event.ts'
import type { SnsRequest } from '../../../shared/incidents/receivers/receiver.ts'
import { anyNotice, noticeOf, resolvedOf } from '../notices.ts'
import { opened, recorder } from './opened.ts'

const TOPIC = 'arn:aws:sns:us-east-1:123456789012:incidents'

async function published(type: string, notice = noticeOf()): Promise<SnsRequest> {
  const { sent, send } = recorder()
  expect(await opened(type, { topic: TOPIC }).tell(notice, undefined, send)).toEqual({ outcome: 'taken' })
  const [request] = sent
  if (request?.kind !== 'sns') throw new Error('nothing was published')
  return request
}

test('a topic gets a CloudEvent for programs, a text for mail and its first line for SMS', async () => {
  const { topicArn, subject, structure, message, attributes } = await published('sns')
  expect([topicArn, structure]).toEqual([TOPIC, 'json'])
  expect(subject).toBe('[critical] PAYMENT_WITHOUT_RECEIPT in checkout')
  const { default: event, email, sms } = JSON.parse(message) as Readonly<Record<string, string>>
  expect((JSON.parse(event ?? '') as IncidentEvent).type).toBe('dev.betrace.incident.opened')
  const [first] = (email ?? '').split('\n')
  expect(first).toBe('PAYMENT_WITHOUT_RECEIPT broken in checkout since 2026-11-29 12:04:05 UTC: 1 trace')
  expect(sms).toBe(first)
  expect(attributes).toEqual({
    rule: 'PAYMENT_WITHOUT_RECEIPT',
    severity: 'critical',
    status: 'opened',
    owner: 'payments',
    mode: 'live',
  })
})

test('a topic of mail gets the text alone', async () => {
  const { message, structure, subject, attributes } = await published('email', resolvedOf({ test: true }))
  expect(structure).toBeUndefined()
  expect(message).toMatch(/^TEST by betrace notify: PAYMENT_WITHOUT_RECEIPT in checkout held 512 times since;/)
  expect(subject).toBe('TEST [ended, held] PAYMENT_WITHOUT_RECEIPT in checkout')
  expect(attributes).toMatchObject({ status: 'resolved', mode: 'test' })
})

test('a second opening says so to filters and readers', async () => {
  const { subject, attributes } = await published('sns', noticeOf({ opening: 2 }))
  expect(subject).toContain('[critical, again]')
  expect(attributes.status).toBe('reopened')
})

interface Notification {
  readonly version: string
  readonly source: string
  readonly content: { readonly textType: string; readonly title: string; readonly description: string }
  readonly metadata: { readonly threadId: string }
}

test('Amazon Q gets a custom notification in the thread of the incident', async () => {
  const { message, subject, structure } = await published('amazon-q')
  expect([subject, structure]).toEqual([undefined, undefined])
  expect(JSON.parse(message)).toMatchObject({
    version: '1.0',
    source: 'custom',
    content: {
      textType: 'client-markdown',
      title: expect.stringMatching(/^PAYMENT\\_WITHOUT\\_RECEIPT broken/),
      nextSteps: [
        '[Trace](https://jaeger.example/trace/5b8efff798038103d269b633813fc60c)',
        '[Runbook](https://docs.example/runbook#receipts)',
      ],
    },
    metadata: { threadId: '0123456789abcdef0123456789abcdef.1', eventType: 'opened' },
  })
})

test('any notice fits into a message, its subject and its attributes', async () => {
  await fc.assert(
    fc.asyncProperty(anyNotice, fc.constantFrom('sns', 'email', 'amazon-q'), async (notice, type) => {
      const { subject = '[', message, attributes } = await published(type, notice)
      expect(subject).toMatch(/^[ -~]{1,99}$/)
      expect(subject).toMatch(/^[[T]/)
      const texts = Object.entries(attributes).flat().flat()
      expect(Buffer.byteLength([message, ...texts].join(''))).toBeLessThan(256 * 1024)
      expect(texts.every((text) => text !== '')).toBe(true)
      if (type !== 'amazon-q') return
      const { content } = JSON.parse(message) as Notification
      expect(content.title.length).toBeLessThanOrEqual(250)
    }),
  )
})
