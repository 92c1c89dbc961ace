import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import middy from '@middy/core'
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda'
import { dispatchIncident } from '../shared/aws/incidents/dispatch.ts'
import { HEAD_PREFIX, INCIDENT_KEYS } from '../shared/aws/incidents/incident-items.ts'
import { newSemaphore } from '../shared/concurrency/semaphore.ts'
import { dispatchDependencies, notifySource } from './support/incident-dependencies.ts'
import { telemetry } from './support/telemetry.ts'

const observed = telemetry()
const dependencies = dispatchDependencies(notifySource(observed))

/** Incidents worked on side by side. */
const WIDTH = 8

/** Asks for what follows from each change of an incident: deliveries to its receivers, and the next look. */
export const handler = middy<DynamoDBStreamEvent, DynamoDBBatchResponse>()
  .use(observed.middleware)
  .handler((event, context) => {
    const semaphore = newSemaphore(WIDTH)
    // Several changes of one incident are one: it is read as it is now.
    const keys = new Set(event.Records.map(incidentKeyOf))
    const dispatched = new Map([...keys].map((key) => [key, semaphore.run(() => dispatchIncident(dependencies, key))]))
    const dispatching = async (record: DynamoDBRecord) => {
      const key = incidentKeyOf(record)
      try {
        await dispatched.get(key)
      } catch (error) {
        observed.log('error', 'a change of an incident is not dispatched yet', { incident: key, reason: String(error) })
        throw error
      }
    }
    const processor = new BatchProcessor(EventType.DynamoDBStreams)
    return processPartialResponse(event, dispatching, processor, { context, throwOnFullBatchFailure: false })
  })

function incidentKeyOf({ dynamodb }: DynamoDBRecord): string {
  return (dynamodb?.Keys?.[INCIDENT_KEYS.partition]?.S ?? '').slice(HEAD_PREFIX.length)
}
