import { afterEach, expect, test } from 'vitest'
import type { HttpRequest, Receiver, RequestEnd, Send } from '../../../shared/incidents/receivers/receiver.ts'
import { FakePagerDuty } from '../../emulators/fake-pagerduty.ts'
import { FakeSlack, failed } from '../../emulators/fake-slack.ts'
import type { FakeVendor } from '../../emulators/fake-vendor.ts'
import { noticeOf, resolvedOf } from '../notices.ts'
import { opened } from './opened.ts'

const KEY = 'R0123456789012345678901234567890'
const TOKEN = 'xoxb-1-secret'
const open: FakeVendor[] = []
afterEach(() => {
  for (const fake of open.splice(0)) fake.close()
})

async function listening<Fake extends FakeVendor>(fake: Fake): Promise<string> {
  open.push(fake)
  return fake.listen()
}

/** Sends over a socket, as a server does. */
const send: Send = async (request): Promise<RequestEnd> => {
  const { url, method, headers, body } = request as HttpRequest
  try {
    const response = await fetch(url, { method, headers, body })
    const retryAfter = response.headers.get('retry-after')
    return { status: response.status, body: await response.text(), ...(retryAfter === null ? {} : { retryAfter }) }
  } catch {
    return { failure: 'the connection ended', unsure: true }
  }
}

const pager = (url: string): Receiver => opened('pagerduty', { key: KEY, url })
const chat = (url: string): Receiver => opened('slack', { token: TOKEN, channel: '#alerts', api: `${url}/api` })

test('over a socket, PagerDuty opens an alert and ends it, and Slack changes its message', async () => {
  const [pagerDuty, slack] = [new FakePagerDuty(), new FakeSlack(TOKEN)]
  const pagerduty = pager(await listening(pagerDuty))
  expect(await pagerduty.tell(noticeOf(), undefined, send)).toEqual({ outcome: 'taken' })
  expect(await pagerduty.tell(resolvedOf(), undefined, send)).toEqual({ outcome: 'taken' })
  expect(pagerDuty.alerts.map(({ status }) => status)).toEqual(['resolved'])
  const slackBot = chat(await listening(slack))
  const answer = await slackBot.tell(noticeOf(), undefined, send)
  const ref = answer.outcome === 'taken' ? answer.ref : undefined
  expect(await slackBot.tell(resolvedOf(), ref, send)).toMatchObject({ outcome: 'taken' })
  expect(slack.roots().map(({ texts }) => texts.length)).toEqual([2])
})

test('a late trigger that lands after the end leaves an alert open, as in life', async () => {
  const fake = new FakePagerDuty()
  const pagerduty = pager(await listening(fake))
  fake.faults.push({ kind: 'late' })
  expect(await pagerduty.tell(noticeOf(), undefined, send)).toMatchObject({ outcome: 'failed', unsure: true })
  await pagerduty.tell(resolvedOf(), undefined, send)
  expect([fake.openAlerts().length, fake.dropped]).toEqual([0, 1])
  fake.landLate()
  expect(fake.openAlerts()).toHaveLength(1)
})

test('a request that arrives twice is one alert at PagerDuty, and two messages at Slack', async () => {
  const [pagerDuty, slack] = [new FakePagerDuty(), new FakeSlack(TOKEN)]
  for (const fake of [pagerDuty, slack]) fake.faults.push({ kind: 'twice' })
  await pager('https://events.pagerduty.com').tell(noticeOf(), undefined, pagerDuty.send)
  await chat('https://slack.com').tell(noticeOf(), undefined, slack.send)
  expect([pagerDuty.alerts.length, slack.roots().length]).toEqual([1, 2])
})

test('a lost request has no effect; one whose answer is lost has', async () => {
  const fake = new FakePagerDuty()
  fake.faults.push({ kind: 'lost' }, { kind: 'answer-lost' })
  const pagerduty = pager(await listening(fake))
  for (const alerts of [0, 1]) {
    expect(await pagerduty.tell(noticeOf(), undefined, send)).toMatchObject({ outcome: 'failed' })
    expect(fake.alerts).toHaveLength(alerts)
  }
})

const post = (body: object, headers: object = {}): HttpRequest => ({
  kind: 'http',
  method: 'POST',
  url: 'https://vendor.example/v2/enqueue',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})
const EVENT = { routing_key: KEY, event_action: 'trigger', dedup_key: 'k' }
const PAYLOAD = { summary: 's', source: 's', severity: 'info' }

test.each([
  [{ ...EVENT, payload: PAYLOAD }, 202],
  [{ ...EVENT, payload: { ...PAYLOAD, summary: 'x'.repeat(1_024) } }, 202],
  [{ ...EVENT, payload: { ...PAYLOAD, summary: 'x'.repeat(1_025) } }, 400],
  [{ ...EVENT, payload: { ...PAYLOAD, severity: 'high' } }, 400],
  [{ ...EVENT, payload: { summary: 's', severity: 'info' } }, 400],
  [{ ...EVENT, routing_key: 'short', payload: PAYLOAD }, 400],
  [{ ...EVENT, dedup_key: 'x'.repeat(256), payload: PAYLOAD }, 400],
  [{ ...EVENT, payload: { ...PAYLOAD, custom_details: { x: 'x'.repeat(512_000) } } }, 413],
  [{ routing_key: KEY, event_action: 'resolve' }, 400],
  [{ ...EVENT, event_action: 'resolve' }, 202],
  [{ ...EVENT }, 400],
])('the fake of PagerDuty answers event %# with %i', async (event, status) => {
  expect(await new FakePagerDuty().send(post(event))).toMatchObject({ status })
})

test('a body that is not JSON is refused', async () => {
  const request = { ...post({}), body: 'no' }
  expect(await new FakePagerDuty().send(request)).toMatchObject({ status: 400 })
  const hook = { ...request, url: 'https://hooks.slack.com/services/T0/B0/secret' }
  expect(await new FakeSlack(TOKEN).send(hook)).toEqual({ status: 400, body: 'invalid_payload' })
})

const MESSAGE = { channel: '#alerts', text: 'a' }
const textBlock = (text: string) => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text }] }],
})

test.each([
  [MESSAGE, undefined],
  [{ ...MESSAGE, text: '' }, 'no_text'],
  [{ ...MESSAGE, text: 'x'.repeat(40_001) }, 'msg_too_long'],
  [{ ...MESSAGE, text: '<!channel>' }, 'fake_text_is_not_escaped'],
  [{ ...MESSAGE, channel: '#none' }, 'channel_not_found'],
  [{ ...MESSAGE, thread_ts: '1.2' }, 'thread_not_found'],
  [{ ...MESSAGE, blocks: Array(51).fill(textBlock('a')) }, 'invalid_blocks'],
  [{ ...MESSAGE, blocks: Array(4).fill(textBlock('x'.repeat(3_000))) }, 'msg_blocks_too_long'],
  [{ ...MESSAGE, blocks: [{ type: 'image' }] }, 'invalid_blocks'],
])('the fake of Slack answers message %# with %s', async (message, error) => {
  const type = { 'content-type': 'application/json; charset=utf-8', authorization: `Bearer ${TOKEN}` }
  const request = { ...post(message, type), url: 'https://slack.com/api/chat.postMessage' }
  const end = (await new FakeSlack(TOKEN).send(request)) as { readonly body: string }
  expect(JSON.parse(end.body)).toMatchObject(error === undefined ? { ok: true } : { ok: false, error })
  const unknown = { ...request, headers: { ...type, authorization: 'Bearer other' } }
  expect(await new FakeSlack(TOKEN).send(unknown)).toEqual({ status: 200, body: failed('invalid_auth').body })
})
