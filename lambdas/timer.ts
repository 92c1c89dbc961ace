import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import middy from '@middy/core'
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda'
import { TABLE_KEYS } from '../shared/aws/buffer/buffer-items.ts'
import { SqsTimers } from '../shared/aws/buffer/sqs-timers.ts'
import { sqsClient } from '../shared/aws/clients.ts'
import { PATIENT } from '../shared/aws/until-taken.ts'
import { gather } from '../shared/concurrency/batch.ts'
import { arrivalMs } from '../shared/pipeline/chunk.ts'
import type { TraceTimer } from '../shared/pipeline/ports.ts'
import { judging, setting } from './support/environment.ts'
import { traceIdOf } from './support/stream-records.ts'
import { telemetry } from './support/telemetry.ts'

const { middleware } = telemetry()
const { quietPeriodMs } = judging()
const queues = { timersUrl: setting('timersUrl'), deadLettersUrl: setting('deadLettersUrl') }
const timers = new SqsTimers({ client: sqsClient(), ...queues, backoff: PATIENT }, Date.now)

/** Timers that fail together are armed again together; those of other groups are done. */
const GROUP = 200
const arm = gather(
  async (group: readonly TraceTimer[]) => {
    await timers.arm(group)
    return group.map(() => undefined)
  },
  { maxItems: GROUP, maxBytes: GROUP, sizeBytes: () => 1 },
)

/** Arms a timer for every chunk that was inserted: one a trace for all of its chunks in the batch. */
export const handler = middy<DynamoDBStreamEvent, DynamoDBBatchResponse>()
  .use(middleware)
  .handler((event, context) => {
    const byTrace = Map.groupBy(event.Records, traceIdOf)
    const armed = new Map([...byTrace].map(([traceId, records]) => [traceId, arm(timerOf(traceId, records))]))
    const processor = new BatchProcessor(EventType.DynamoDBStreams)
    const arming = (record: DynamoDBRecord) => armed.get(traceIdOf(record)) as Promise<void>
    return processPartialResponse(event, arming, processor, { context, throwOnFullBatchFailure: false })
  })

function timerOf(traceId: string, records: readonly DynamoDBRecord[]): TraceTimer {
  const chunkKeys = records.map(({ dynamodb }) => dynamodb?.Keys?.[TABLE_KEYS.sort]?.S ?? '')
  const newestMs = Math.max(...chunkKeys.map(arrivalMs))
  return { kind: 'trace', traceId, chunkKeys, dueAtMs: newestMs + quietPeriodMs, attempt: 0 }
}
