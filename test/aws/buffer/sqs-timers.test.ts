import { SendMessageBatchCommand } from '@aws-sdk/client-sqs'
import { beforeEach, describe, expect, test } from 'vitest'
import { SqsTimers } from '../../../shared/aws/buffer/sqs-timers.ts'
import { timerOf } from '../../../shared/aws/buffer/timer-message.ts'
import type { TraceTimer } from '../../../shared/pipeline/ports.ts'
import { IMPATIENT } from '../../emulators/dynamo-table.ts'
import { faux, intercepted } from '../../emulators/faux.ts'

const NOW_MS = 1_764_000_000_000
const emulator = faux()
let urls = { timersUrl: '', deadLettersUrl: '' }

beforeEach(() => {
  const { server } = emulator()
  server.purgeAll()
  urls = { timersUrl: server.createQueue('timers').queueUrl, deadLettersUrl: server.createQueue('dead').queueUrl }
})

const timers = (client = emulator().sqs) => new SqsTimers({ client, ...urls, backoff: IMPATIENT }, () => NOW_MS)

function timer(dueInMs: number, keys = 1): TraceTimer {
  const chunkKeys = Array.from({ length: keys }, (_, i) => `c#${String(i).padStart(13, '0')}#0123456789abcdef`)
  return { kind: 'trace', traceId: 'a'.repeat(32), chunkKeys, dueAtMs: NOW_MS + dueInMs, attempt: 0 }
}

function held(queue: string) {
  const messages = emulator().server.inspectQueue(queue)?.messages
  return [...(messages?.ready ?? []), ...(messages?.delayed ?? [])]
}

/** The delays, in seconds, of every message that is sent while `work` runs. */
async function delaysOf(work: (timers: SqsTimers) => Promise<void>): Promise<readonly (number | undefined)[]> {
  const delays: (number | undefined)[] = []
  const watched = intercepted(emulator().sqs, ({ input }) => {
    const { Entries = [] } = input as SendMessageBatchCommand['input']
    delays.push(...Entries.map(({ DelaySeconds }) => DelaySeconds))
  })
  await work(timers(watched))
  return delays
}

describe('a timer', () => {
  test('comes back as it was armed', async () => {
    const armed = [timer(0), { ...timer(1), attempt: 2 }] as const
    await timers().arm(armed)
    expect(held('timers').map(({ body }) => timerOf(body))).toEqual(armed)
  })

  test('is delayed until it is due, in whole seconds, at most a quarter of an hour at a time', async () => {
    const due = [-5_000, 0, 1, 30_000, 900_000, 900_001, 86_400_000]
    const delays = await delaysOf((watched) => watched.arm(due.map((dueInMs) => timer(dueInMs))))
    expect(delays).toEqual([0, 0, 1, 30, 900, 900, 900])
  })

  test('is buried with the reason, cut to what an attribute is for', async () => {
    await timers().bury(timer(0), 'x'.repeat(5_000))
    const [message] = held('dead')
    expect(timerOf(message?.body ?? '')).toEqual(timer(0))
    expect(message?.messageAttributes.reason?.StringValue).toHaveLength(1_000)
  })

  test('is read from no other text', () => {
    for (const text of ['', '{', '{}', '{"kind":"trace"}', '{"kind":"other"}', 'null'])
      expect(timerOf(text)).toBeUndefined()
  })
})

describe('many timers', () => {
  test('go in batches of ten, cut where ten would be too large together', async () => {
    await timers().arm(Array.from({ length: 23 }, () => timer(0)))
    await timers().arm(Array.from({ length: 5 }, () => timer(0, 15_000)))
    expect(held('timers')).toHaveLength(28)
  })

  test('that the queue takes in part are sent again for the rest', async () => {
    let refusals = 1
    const moody = intercepted(emulator().sqs, async (command) => {
      const { Entries = [], QueueUrl } = (command as SendMessageBatchCommand).input
      const [first, ...rest] = Entries
      if (first === undefined || refusals-- <= 0) return undefined
      await emulator().sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: rest }))
      return { Failed: [{ Id: first.Id, Code: 'InternalError', SenderFault: false }] }
    })
    await timers(moody).arm([1, 2, 3].map((seconds) => timer(seconds * 1_000)))
    expect(held('timers')).toHaveLength(3)
  })

  test('that the queue goes on refusing are a failure', async () => {
    const failing = (SenderFault: boolean) =>
      timers(intercepted(emulator().sqs, () => ({ Failed: [{ Id: '0', Code: 'Bad', SenderFault }] }))).arm([timer(0)])
    await expect(failing(false)).rejects.toMatchObject({ transient: true })
    await expect(failing(true)).rejects.toMatchObject({ transient: false })
  })
})
