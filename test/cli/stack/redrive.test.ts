import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { beforeEach, describe, expect, test } from 'vitest'
import { chunkItems } from '../../../shared/aws/buffer/buffer-items.ts'
import { DynamoTraceBuffer } from '../../../shared/aws/buffer/dynamo-buffer.ts'
import { timerMessage, timerOf } from '../../../shared/aws/buffer/timer-message.ts'
import { newChunk } from '../../../shared/pipeline/chunk.ts'
import type { TraceTimer } from '../../../shared/pipeline/ports.ts'
import { bufferTable } from '../../emulators/dynamo-table.ts'
import { startDynalite } from '../../emulators/emulators.ts'
import { faux } from '../../emulators/faux.ts'
import { runInProcess } from '../fake-terminal.ts'
import { deployed } from './deployed.ts'

const { set } = deployed()
const emulator = faux()
let dynamoEndpoint = ''
const table = bufferTable(async () => {
  const running = await startDynalite()
  dynamoEndpoint = running.endpoint
  return running
})
let deadLettersUrl = ''

beforeEach(() => {
  const { server, endpoint } = emulator()
  server.purgeAll()
  server.createBucket('archive')
  deadLettersUrl = server.createQueue('dead').queueUrl
  const timersUrl = server.createQueue('timers').queueUrl
  set({ timersUrl, deadLettersUrl, archiveBucket: 'archive', table: 'buffer' })
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ENDPOINT_URL_SQS: endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: dynamoEndpoint,
  })
})

const CHUNK_KEY = 'c#1764000000000#0123456789abcdef'
const timer = (digit: string): TraceTimer => ({
  kind: 'trace',
  traceId: digit.repeat(32),
  chunkKeys: [CHUNK_KEY],
  dueAtMs: 0,
  attempt: 5,
})

const bury = (MessageBody: string) =>
  emulator().sqs.send(new SendMessageCommand({ QueueUrl: deadLettersUrl, MessageBody }))
const held = (queue: string) => emulator().server.inspectQueue(queue)?.messages.ready ?? []
const armed = () => held('timers').map(({ body }) => timerOf(body) as TraceTimer)

async function fail(key: string, content: object): Promise<void> {
  const Key = `aws/lambda/mapping/shard/2026/01/01/${key}`
  await emulator().s3.send(new PutObjectCommand({ Bucket: 'archive', Key, Body: JSON.stringify(content) }))
}

async function failures(): Promise<number> {
  const list = new ListObjectsV2Command({ Bucket: 'archive', Prefix: 'aws/lambda/' })
  return ((await emulator().s3.send(list)).Contents ?? []).length
}

const record = (eventName: string, traceId: string, item: string, OldImage?: object) => ({
  eventName,
  dynamodb: { Keys: { trace: { S: traceId }, item: { S: item } }, ...(OldImage && { OldImage }) },
})

describe('betrace redrive', () => {
  test('sends dead letters back to the timers, as if they had never failed', async () => {
    for (const digit of '0123456789ab') await bury(timerMessage(timer(digit)))
    const { exitCode, out, err } = await runInProcess(['redrive'])
    expect(exitCode, err).toBe(0)
    expect(out).toContain('dead letters: 12 timers sent\n')
    expect(
      armed()
        .map(({ traceId, attempt }) => [traceId[0], attempt])
        .toSorted(),
    ).toEqual([...'0123456789ab'].map((digit) => [digit, 0]))
    expect(held('dead')).toEqual([])
  })

  test('leaves messages that are not timers, and says so', async () => {
    await bury('something else')
    await bury(timerMessage(timer('a')))
    const { exitCode, out } = await runInProcess(['redrive'])
    expect([exitCode, out]).toEqual([1, expect.stringContaining('1 timer sent, 1 left: look at them by hand')])
  })

  test('sends failed insertions as one timer a trace', async () => {
    const [a, b] = ['a'.repeat(32), 'b'.repeat(32)]
    const later = 'c#1764000005000#fedcba9876543210'
    const Records = [record('INSERT', a, CHUNK_KEY), record('INSERT', b, CHUNK_KEY), record('INSERT', a, later)]
    await fail('one', { version: '1.0', payload: JSON.stringify({ Records }) })
    const { exitCode, out } = await runInProcess(['redrive'])
    expect([exitCode, out]).toEqual([0, expect.stringContaining('failed stream records: 2 timers sent\n')])
    expect(armed().map(({ traceId, chunkKeys }) => [traceId, chunkKeys])).toEqual([
      [a, [CHUNK_KEY, later]],
      [b, [CHUNK_KEY]],
    ])
    expect(await failures()).toBe(0)
  })

  test('puts expired chunks that were not rescued back into the table', async () => {
    const chunk = newChunk('c'.repeat(32), 1_764_000_000_000, Buffer.from('spans'), 1)
    const image = Object.entries(chunkItems(chunk).head).map(([name, value]) => [
      name,
      value.B === undefined ? value : { B: Buffer.from(value.B).toString('base64') },
    ])
    await fail('two', { payload: { Records: [record('REMOVE', chunk.traceId, chunk.key, Object.fromEntries(image))] } })
    expect((await runInProcess(['redrive'])).out).toContain('1 expired chunk put back')
    const [found] = await new DynamoTraceBuffer(table(), Date.now).readChunksByKey(chunk.traceId, [chunk.key])
    expect(Buffer.from(found?.bytes ?? []).toString()).toBe('spans')
  })

  test('keeps an object that it cannot read', async () => {
    await fail('three', { unknown: true })
    expect(await runInProcess(['redrive'])).toMatchObject({ exitCode: 1, out: expect.stringContaining('1 left') })
    expect(await failures()).toBe(1)
  })

  test('changes nothing in a dry run', async () => {
    await bury(timerMessage(timer('a')))
    await fail('one', { payload: { Records: [record('INSERT', 'a'.repeat(32), CHUNK_KEY)] } })
    const { exitCode, out } = await runInProcess(['redrive', '--dry-run'])
    expect([exitCode, out]).toEqual([0, 'dead letters: 1 timer to send\nfailed stream records: 1 timer to send\n'])
    expect([held('dead').length, held('timers').length, await failures()]).toEqual([1, 0, 1])
  })
})
