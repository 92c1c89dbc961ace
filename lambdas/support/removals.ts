import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import type { AttributeValue, Context, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda'
import { onChunksRemoved } from '../../shared/pipeline/rescue.ts'
import type { EvaluatorDependencies } from './evaluator-dependencies.ts'
import { traceIdOf } from './stream-records.ts'

/** Rescues what no verdict took in among chunks that expired; a trace that cannot be rescued now is delivered again. */
export async function onRemovals(
  { evaluator, buffer, semaphore }: EvaluatorDependencies,
  event: DynamoDBStreamEvent,
  context: Context,
): Promise<DynamoDBBatchResponse> {
  const rescue = async (traceId: string, records: readonly DynamoDBRecord[]) => {
    const removed = await Promise.all(records.map((record) => buffer.chunkOfRemoved(imageOf(record))))
    await onChunksRemoved(evaluator, traceId, removed)
  }
  const byTrace = Map.groupBy(event.Records, traceIdOf)
  const rescued = new Map(
    [...byTrace].map(([traceId, records]) => [traceId, semaphore.run(() => rescue(traceId, records))]),
  )
  const rescuing = async (record: DynamoDBRecord) => {
    try {
      await rescued.get(traceIdOf(record))
    } catch (error) {
      evaluator.metrics.add('timerFailures', { transient: true })
      evaluator.log('error', 'expired chunk not rescued', { traceId: traceIdOf(record), reason: String(error) })
      throw error
    }
  }
  const processor = new BatchProcessor(EventType.DynamoDBStreams)
  return processPartialResponse(event, rescuing, processor, { context, throwOnFullBatchFailure: false })
}

/** The item that was removed; Lambda gives binary values as base64, the SDK as bytes. */
function imageOf({ dynamodb }: DynamoDBRecord): Parameters<EvaluatorDependencies['buffer']['chunkOfRemoved']>[0] {
  const image = Object.entries(dynamodb?.OldImage ?? {}).map(([name, value]) => [name, asStored(value)])
  return Object.fromEntries(image)
}

function asStored(value: AttributeValue): AttributeValue | { readonly B: Uint8Array } {
  return value.B === undefined ? value : { B: Buffer.from(value.B, 'base64') }
}
