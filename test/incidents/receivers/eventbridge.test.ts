import { expect, test } from 'vitest'
import type { RequestEnd } from '../../../shared/incidents/receivers/receiver.ts'
import { noticeOf } from '../notices.ts'
import { opened, recorder } from './opened.ts'

const eventbridge = opened('eventbridge', { bus: 'default' })

test('the detail of an event is the CloudEvent, its type the detail type', async () => {
  const { sent, send } = recorder({ status: 200, body: '{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}' })
  expect(await eventbridge.tell(noticeOf(), undefined, send)).toEqual({ outcome: 'taken' })
  expect(sent).toEqual([
    {
      kind: 'eventbridge',
      busName: 'default',
      detailType: 'dev.betrace.incident.opened',
      source: 'dev.betrace',
      detail: expect.stringContaining('"specversion":"1.0"'),
    },
  ])
})

const failedEntry = (code: string): RequestEnd => ({
  status: 200,
  body: JSON.stringify({ FailedEntryCount: 1, Entries: [{ ErrorCode: code, ErrorMessage: 'no' }] }),
})

test.each([
  [failedEntry('ThrottlingException'), { outcome: 'failed', reason: 'ThrottlingException', unsure: false }],
  [failedEntry('InternalFailure'), { outcome: 'failed', reason: 'InternalFailure', unsure: false }],
  [failedEntry('MalformedDetail'), { outcome: 'refused', reason: 'MalformedDetail' }],
  [
    { status: 400, body: '' },
    { outcome: 'refused', reason: 'answered 400' },
  ],
])('%j is understood', async (end, answer) => {
  expect(await eventbridge.tell(noticeOf(), undefined, recorder(end).send)).toEqual(answer)
})
