import middy from '@middy/core'
import type { DynamoDBBatchResponse, DynamoDBStreamEvent, SQSBatchResponse, SQSEvent } from 'aws-lambda'
import { evaluatorDependencies } from './support/evaluator-dependencies.ts'
import { onRemovals } from './support/removals.ts'
import { telemetry } from './support/telemetry.ts'
import { onTimers } from './support/timers.ts'

const observed = telemetry()
const dependencies = evaluatorDependencies(observed)

/** Judges traces whose timers fired (from the queue), rescues chunks that expired unjudged (from the table's stream). */
export const handler = middy<SQSEvent | DynamoDBStreamEvent, SQSBatchResponse | DynamoDBBatchResponse>()
  .use(observed.middleware)
  .handler(async (event, context) => {
    const response = isQueue(event)
      ? await onTimers(dependencies, event, context)
      : await onRemovals(dependencies, event, context)
    await dependencies.incidents.flush()
    // Each time, not only when rules are loaded: the alarm stays until they are fixed.
    observed.count('RulesRejected', dependencies.rules.rejected)
    return response
  })

function isQueue(event: SQSEvent | DynamoDBStreamEvent): event is SQSEvent {
  return event.Records[0]?.eventSource === 'aws:sqs'
}
