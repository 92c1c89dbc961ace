import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { beforeEach, expect, test } from 'vitest'
import { awsSend } from '../../../shared/aws/incidents/aws-send.ts'
import { INCIDENT_TOPIC, topicReceiver } from '../../../shared/aws/incidents/topic-receiver.ts'
import { EVENTBRIDGE } from '../../../shared/incidents/receivers/eventbridge.ts'
import type { RequestEnd, SnsRequest } from '../../../shared/incidents/receivers/receiver.ts'
import { faux, intercepted } from '../../emulators/faux.ts'
import { noticeOf } from '../../incidents/notices.ts'

const emulator = faux()
let topicArn: string
beforeEach(() => {
  const { server } = emulator()
  server.purgeAll()
  topicArn = server.createTopic('incidents').topicArn
  server.createQueue('inbox')
  server.subscribe({ topic: 'incidents', queue: 'inbox' })
})

/** A fake of EventBridge, which no emulator here has: it answers each call with this. */
function bus(answer: object = {}, put: object[] = []): EventBridgeClient {
  return intercepted(new EventBridgeClient({ region: 'us-east-1' }), ({ input }) => {
    put.push(input)
    return answer
  })
}

const http = async (): Promise<RequestEnd> => ({ status: 201, body: 'by HTTP' })
const request = (given: Partial<SnsRequest> = {}): SnsRequest => ({
  kind: 'sns',
  topicArn,
  message: '{"default":"text"}',
  structure: 'json',
  subject: 'a subject',
  attributes: { rule: 'A', experiments: ['e1', 'e2'] },
  ...given,
})

test('a request to a topic is published with its attributes', async () => {
  const end = await awsSend({ http, sns: emulator().sns, events: bus() })(request())
  expect(end).toMatchObject({ status: 200, body: expect.stringContaining('MessageId') })
  const [message] = emulator().server.inspectQueue('inbox')?.messages.ready ?? []
  expect(JSON.parse(message?.body ?? '')).toMatchObject({
    Subject: 'a subject',
    MessageAttributes: {
      rule: { Type: 'String', Value: 'A' },
      experiments: { Type: 'String.Array', Value: '["e1","e2"]' },
    },
  })
})

test('an entry for a bus is put as it is, and the receiver finds its refusal in the answer', async () => {
  const receiver = EVENTBRIDGE.open('bus', { bus: 'incidents' }, { clock: () => 0 })
  const put: object[] = []
  const tell = (answer: object) =>
    receiver.tell(noticeOf(), undefined, awsSend({ http, sns: emulator().sns, events: bus(answer, put) }))
  expect(await tell({ FailedEntryCount: 0, Entries: [{ EventId: 'e' }] })).toEqual({ outcome: 'taken' })
  expect(put).toMatchObject([
    {
      Entries: [
        {
          EventBusName: 'incidents',
          Source: 'dev.betrace',
          DetailType: 'dev.betrace.incident.opened',
          Detail: expect.stringMatching(/^{/),
        },
      ],
    },
  ])
  expect(await tell({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'NotAuthorized' }] })).toEqual({
    outcome: 'refused',
    reason: 'NotAuthorized',
  })
  expect(await tell({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'ThrottlingException' }] })).toMatchObject({
    outcome: 'failed',
  })
})

test('a request to a web server goes by HTTP', async () => {
  const send = awsSend({ http, sns: emulator().sns, events: bus() })
  expect(await send({ kind: 'http', method: 'POST', url: 'https://x.example', headers: {}, body: '' })).toEqual({
    status: 201,
    body: 'by HTTP',
  })
})

test('a topic that is not there refuses, one that is throttled asks for patience, and silence is unsure', async () => {
  const gone = await awsSend({ http, sns: emulator().sns, events: bus() })(request({ topicArn: `${topicArn}-gone` }))
  expect(gone).toMatchObject({ status: 404 })
  const failing = (error: object) =>
    intercepted(emulator().sns, () => {
      throw Object.assign(new Error('said'), error)
    })
  const throttled = failing({ name: 'ThrottledException', $metadata: { httpStatusCode: 429 } })
  expect(await awsSend({ http, sns: throttled, events: bus() })(request())).toMatchObject({ status: 429 })
  const silent = failing({ name: 'TimeoutError' })
  expect(await awsSend({ http, sns: silent, events: bus() })(request())).toEqual({
    failure: 'TimeoutError: said',
    unsure: true,
  })
})

test('the topic of all incidents takes an opening', async () => {
  const receiver = topicReceiver(topicArn, () => 0)
  expect(receiver.name).toBe(INCIDENT_TOPIC)
  const answer = await receiver.tell(noticeOf(), undefined, awsSend({ http, sns: emulator().sns, events: bus() }))
  expect(answer).toEqual({ outcome: 'taken' })
})
