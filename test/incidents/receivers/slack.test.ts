import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DeliveryRef } from '../../../shared/incidents/receivers/receiver.ts'
import { FakeSlack, failed } from '../../emulators/fake-slack.ts'
import { anyNotice, noticeOf, resolvedOf } from '../notices.ts'
import { httpOf, opened, recorder } from './opened.ts'

const TOKEN = 'xoxb-1-secret'
const slack = opened('slack', { token: TOKEN, channel: '#alerts' })
const hook = opened('slack', { url: 'https://hooks.slack.com/services/T0/B0/secret' })
const newSlack = () => new FakeSlack(TOKEN)

/** Tells of one state after another, as the delivery loop does: with what was answered last. */
async function tellAll(fake: FakeSlack, notices: readonly Parameters<typeof slack.tell>[0][]) {
  let ref: DeliveryRef | undefined
  for (const notice of notices) {
    const answer = await slack.tell(notice, ref, fake.send)
    if (answer.outcome !== 'taken') throw new Error(answer.reason)
    ref = answer.ref ?? ref
  }
  return ref
}

test('an opening is one message with the evidence and links, in text that is shown as it is', async () => {
  const { sent, send } = recorder({ status: 200, body: '{"ok":true,"ts":"1.2","channel":"C1"}' })
  expect(await slack.tell(noticeOf(), undefined, send)).toEqual({
    outcome: 'taken',
    ref: { ts: '1.2', channel: 'C1', state: 'open 1' },
  })
  const [request] = httpOf(sent)
  expect(request?.url).toBe('https://slack.com/api/chat.postMessage')
  expect(request?.json).toEqual({
    channel: '#alerts',
    unfurl_links: false,
    unfurl_media: false,
    text: 'PAYMENT_WITHOUT_RECEIPT broken in checkout since 2026-11-29 12:04:05 UTC: 1 trace',
    blocks: [
      {
        type: 'rich_text',
        elements: [
          {
            type: 'rich_text_section',
            elements: [
              { type: 'emoji', name: 'red_circle' },
              {
                type: 'text',
                text: ' PAYMENT_WITHOUT_RECEIPT broken in checkout since 2026-11-29 12:04:05 UTC: 1 trace',
                style: { bold: true },
              },
              { type: 'text', text: '\nEach payment gets a receipt' },
            ],
          },
          {
            type: 'rich_text_section',
            elements: [
              { type: 'text', text: 'Trace 5b8efff798038103d269b633813fc60c of checkout, 2026-11-29 12:04:05 UTC' },
            ],
          },
          {
            type: 'rich_text_preformatted',
            elements: [
              {
                type: 'text',
                text: 'when:\n  ✓ trace.has(payment) — 1 span\nalways:\n  ✗ trace.has(receipt) — no such span',
              },
            ],
          },
          {
            type: 'rich_text_section',
            elements: [
              { type: 'link', url: 'https://jaeger.example/trace/5b8efff798038103d269b633813fc60c', text: 'Trace' },
              { type: 'text', text: ' · ' },
              { type: 'link', url: 'https://docs.example/runbook#receipts', text: 'Runbook' },
              {
                type: 'text',
                text: '\nSeverity: critical · Service: checkout · Owner: payments · Tags: money · Traces: 1 trace · Opened: 2026-11-29 12:04:05 UTC · Incident: 0123456789abcdef0123456789abcdef.1',
              },
            ],
          },
        ],
      },
    ],
  })
})

test('130 traces are one message that is changed in place, and its end is a reply', async () => {
  const fake = newSlack()
  const updates = [2, 5, 10, 20, 50, 100].map((count) => noticeOf({ change: 'updated', count }))
  await tellAll(fake, [noticeOf(), ...updates, resolvedOf(), resolvedOf()])
  expect(fake.roots()).toHaveLength(1)
  expect(fake.roots()[0]?.texts).toHaveLength(9)
  const replies = fake.messages.filter(({ thread }) => thread !== undefined)
  expect(replies.map(({ broadcast, texts: [said] }) => [broadcast, said])).toEqual([
    [false, fake.roots()[0]?.texts.at(-1)],
  ])
})

test('a second opening in the same episode is a reply that the channel sees', async () => {
  const fake = newSlack()
  const again = noticeOf({ opening: 2 })
  await tellAll(fake, [noticeOf(), resolvedOf(), again, { ...again, change: 'updated', count: 5 }])
  expect(fake.roots()).toHaveLength(1)
  const replies = fake.messages.filter(({ thread }) => thread !== undefined)
  expect(replies.map(({ broadcast, texts: [said = ''] }) => [broadcast, /again/.test(said)])).toEqual([
    [false, false],
    [true, true],
  ])
})

test('a message that somebody deleted is posted again', async () => {
  const fake = newSlack()
  const ref = await tellAll(fake, [noticeOf()])
  fake.remove(ref?.ts)
  const answer = await slack.tell(noticeOf({ change: 'updated', count: 2 }), ref, fake.send)
  expect(answer).toMatchObject({ outcome: 'taken', ref: { ts: fake.roots()[0]?.ts } })
  expect(answer).not.toMatchObject({ ref: { ts: ref?.ts } })
})

test.each([
  ['channel_not_found', { outcome: 'refused', reason: 'channel_not_found' }],
  ['invalid_auth', { outcome: 'refused', reason: 'invalid_auth' }],
  ['internal_error', { outcome: 'failed', reason: 'internal_error', unsure: true }],
  ['ratelimited', { outcome: 'failed', reason: 'ratelimited', unsure: false }],
  ['<b>\u202e', { outcome: 'refused', reason: 'an answer that Slack does not document' }],
])('a status of 200 with %s is an error', async (error, answer) => {
  const fake = newSlack()
  fake.faults.push({ kind: 'answered', answer: failed(error) })
  expect(await slack.tell(noticeOf(), undefined, fake.send)).toEqual(answer)
})

test('a wait that Slack asks for is passed on', async () => {
  const fake = newSlack()
  fake.faults.push({ kind: 'answered', answer: { status: 429, body: '', retryAfter: '30' } })
  expect(await slack.tell(noticeOf(), undefined, fake.send)).toMatchObject({
    outcome: 'failed',
    unsure: false,
    retryAfterMs: 30_000,
  })
})

test('blocks that Slack does not take are left out, and the message goes out all the same', async () => {
  const fake = newSlack()
  fake.faults.push({ kind: 'answered', answer: failed('invalid_blocks') })
  expect(await slack.tell(noticeOf(), undefined, fake.send)).toMatchObject({ outcome: 'taken' })
  expect(fake.roots()).toHaveLength(1)
})

test('a reply that fails leaves the update to be repeated, not the reply that was sent', async () => {
  const fake = newSlack()
  const ref = await tellAll(fake, [noticeOf()])
  fake.faults.push({ kind: 'lost' })
  expect(await slack.tell(resolvedOf(), ref, fake.send)).toMatchObject({ outcome: 'failed', unsure: true })
  expect(fake.messages).toHaveLength(1)
  expect(await slack.tell(resolvedOf(), ref, fake.send)).toMatchObject({
    outcome: 'taken',
    ref: { state: 'resolved 1' },
  })
  expect(fake.messages).toHaveLength(2)
})

test('a webhook posts a message each time, and takes only ok for an answer', async () => {
  const fake = newSlack()
  expect(await hook.tell(noticeOf(), undefined, fake.send)).toEqual({ outcome: 'taken' })
  expect(await hook.tell(resolvedOf(), undefined, fake.send)).toEqual({ outcome: 'taken' })
  expect(fake.roots()).toHaveLength(2)
  const end = { status: 403, body: 'action_prohibited' }
  const refused = { outcome: 'refused', reason: 'answered 403: action_prohibited' }
  expect(await hook.tell(noticeOf(), undefined, recorder(end).send)).toEqual(refused)
  expect(await hook.tell(noticeOf(), undefined, recorder({ status: 200, body: '<html>' }).send)).toMatchObject({
    outcome: 'refused',
  })
})

test('an entry is a token with a channel, or a url', () => {
  for (const entry of [{}, { token: TOKEN }, { url: 'https://a.example', channel: '#a' }, { channel: 'C0123' }]) {
    expect(() => opened('slack', entry)).toThrow('expected either token and channel, or url')
  }
  expect(() => opened('slack', { token: 'secret', channel: 'alerts' })).toThrow('expected')
})

test('any notice, told as opened and then changed, is a message that Slack documents', async () => {
  await fc.assert(
    fc.asyncProperty(anyNotice, async (notice) => {
      const fake = newSlack()
      await tellAll(fake, [{ ...notice, change: 'opened' }, notice, { ...notice, change: 'resolved' }])
      expect(await hook.tell(notice, undefined, fake.send)).toEqual({ outcome: 'taken' })
    }),
  )
})
