import { gunzipSync } from 'node:zlib'
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { S3SignalStore } from '../../shared/aws/archive/s3-archive.ts'
import { DynamoTraceBuffer } from '../../shared/aws/buffer/dynamo-buffer.ts'
import { SqsTimers } from '../../shared/aws/buffer/sqs-timers.ts'
import { timerOf } from '../../shared/aws/buffer/timer-message.ts'
import { DynamoExperiments } from '../../shared/aws/experiments/dynamo-experiments.ts'
import { DynamoFiring } from '../../shared/aws/signals/dynamo-firing.ts'
import type { PendingSignal, Timer } from '../../shared/pipeline/ports.ts'
import { bufferTable, IMPATIENT } from '../emulators/dynamo-table.ts'
import { startDynalite } from '../emulators/emulators.ts'
import { faux } from '../emulators/faux.ts'
import { experimentStoreContract } from '../pipeline/contract/experiment-store.ts'
import { firingContract } from '../pipeline/contract/firing.ts'
import { signalStoreContract } from '../pipeline/contract/signal-store.ts'
import { timersContract } from '../pipeline/contract/timers.ts'
import { traceBufferContract } from '../pipeline/contract/trace-buffer.ts'

const NOW_MS = 1_764_000_000_000
const table = bufferTable(startDynalite)
const emulator = faux()

traceBufferContract('in DynamoDB', () => new DynamoTraceBuffer(table(), () => NOW_MS))

experimentStoreContract('in DynamoDB', () => new DynamoExperiments(table(), () => NOW_MS))

firingContract('in DynamoDB', () => new DynamoFiring(table(), () => NOW_MS))

timersContract('on SQS', () => {
  const { server, sqs: client } = emulator()
  server.purgeAll()
  const timersUrl = server.createQueue('timers').queueUrl
  const deadLettersUrl = server.createQueue('dead').queueUrl
  const held = async (queue: string) => {
    const messages = server.inspectQueue(queue)?.messages
    const all = [...(messages?.ready ?? []), ...(messages?.delayed ?? [])]
    return all.map(({ body }) => timerOf(body) as Timer)
  }
  return {
    timers: new SqsTimers({ client, timersUrl, deadLettersUrl, backoff: IMPATIENT }, () => NOW_MS),
    waiting: () => held('timers'),
    buried: () => held('dead'),
    nowMs: NOW_MS,
  }
})

signalStoreContract('on S3', () => {
  const { server, s3: client } = emulator()
  server.purgeAll()
  server.createBucket('archive')
  return { store: new S3SignalStore({ client, name: 'archive', pause: async () => {} }), stored: () => storedSignals() }
})

/** Every signal in the bucket, each event id once, as a reader takes them. */
async function storedSignals(): Promise<readonly PendingSignal[]> {
  const { s3 } = emulator()
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'archive' }))
  const byId = new Map<string, PendingSignal>()
  for (const { Key = '' } of Contents) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'archive', Key }))
    const lines = gunzipSync((await Body?.transformToByteArray()) ?? new Uint8Array())
      .toString()
      .trimEnd()
      .split('\n')
    for (const line of lines) {
      const { shadow, ...event } = JSON.parse(line)
      byId.set(event.id, { event, shadow })
    }
  }
  return [...byId.values()]
}
