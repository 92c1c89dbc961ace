import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { Clock } from '../../pipeline/ports.ts'
import { asked } from '../aws-failure.ts'
import { DynamoTraceBuffer } from '../buffer/dynamo-buffer.ts'
import type { DynamoTable } from '../dynamo-requests.ts'

/** Looks at how far a trace has come, and at the queues it goes through. */
export interface StackProbe {
  /** The trace's chunk is in the table. */
  isStored(traceId: string): Promise<boolean>
  /** A verdict took the trace in. */
  isJudged(traceId: string): Promise<boolean>
  queueDepths(): Promise<QueueDepths>
}

/** Messages, approximately. */
interface QueueDepths {
  readonly waiting: number
  readonly due: number
  readonly inWork: number
  readonly deadLetters: number
}

export interface ProbedStack {
  readonly table: DynamoTable
  readonly sqs: SQSClient
  readonly timersUrl: string
  readonly deadLettersUrl: string
  readonly clock: Clock
}

export function stackProbe({ table, sqs, timersUrl, deadLettersUrl, clock }: ProbedStack): StackProbe {
  const buffer = new DynamoTraceBuffer(table, clock)
  return {
    isStored: async (traceId) => (await buffer.newestChunkKey(traceId)) !== undefined,
    isJudged: async (traceId) => ((await buffer.readMarker(traceId))?.seen.length ?? 0) > 0,
    queueDepths: async () => {
      const [timers, dead] = await Promise.all([depths(sqs, timersUrl), depths(sqs, deadLettersUrl)])
      return { waiting: timers.delayed, due: timers.visible, inWork: timers.inWork, deadLetters: dead.visible }
    },
  }
}

async function depths(sqs: SQSClient, QueueUrl: string) {
  const ask = new GetQueueAttributesCommand({
    QueueUrl,
    AttributeNames: [
      'ApproximateNumberOfMessages',
      'ApproximateNumberOfMessagesDelayed',
      'ApproximateNumberOfMessagesNotVisible',
    ],
  })
  const { Attributes = {} } = await asked('look at a queue', sqs.send(ask))
  return {
    visible: Number(Attributes.ApproximateNumberOfMessages ?? 0),
    delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
    inWork: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
  }
}
