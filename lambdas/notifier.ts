import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch'
import middy from '@middy/core'
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import { eventBridgeClient, secretsClient, snsClient } from '../shared/aws/clients.ts'
import { awsSend } from '../shared/aws/incidents/aws-send.ts'
import { deliveryMessageOf } from '../shared/aws/incidents/delivery-message.ts'
import { DeliveryWorker } from '../shared/aws/incidents/delivery-worker.ts'
import { publicFetch } from '../shared/aws/incidents/public-fetch.ts'
import { stackReferences } from '../shared/aws/incidents/stack-references.ts'
import { topicReceiver } from '../shared/aws/incidents/topic-receiver.ts'
import { httpSend } from '../shared/incidents/http-send.ts'
import { setting } from './support/environment.ts'
import { incidentStores, notifySource } from './support/incident-dependencies.ts'
import { telemetry } from './support/telemetry.ts'

/** A receiver that does not answer by then failed. */
const TIMEOUT_MS = 15_000
/** With less time left no delivery is begun: a request, what is written before and after it, and a second request. */
const RESERVE_MS = 35_000

const observed = telemetry()
const reach = setting('privateReceivers') === 'true' ? { mayConnect: () => true } : {}
const { send: sendDeliveries, ...stores } = incidentStores()
const secrets = secretsClient()
const notifyFile = notifySource(observed, () => stackReferences(secrets, setting('notifySecret')))
const worker = new DeliveryWorker({
  ...stores,
  sendDeliveries,
  config: () => notifyFile.current(),
  everything: [topicReceiver(setting('incidentTopic'), stores.clock)],
  send: awsSend({
    http: httpSend({ fetch: publicFetch(reach), timeoutMs: TIMEOUT_MS }),
    sns: snsClient(),
    events: eventBridgeClient(),
  }),
  random: Math.random,
  log: observed.log,
  count: (outcome) => observed.count(`Notifications${outcome}`, 1),
})

/** Notifies the receivers of incidents that are due; one message that fails holds up no other. */
export const handler = middy<SQSEvent, SQSBatchResponse>()
  .use(observed.middleware)
  .handler((event, context) => {
    const notifying = async (record: SQSRecord) => {
      // Not begun and not acknowledged: it comes again.
      if (context.getRemainingTimeInMillis() < RESERVE_MS) throw new Error('too little time is left')
      try {
        await notify(record)
      } catch (error) {
        observed.log('error', 'a delivery could not be looked at', { message: record.body, reason: String(error) })
        throw error
      }
    }
    const processor = new BatchProcessor(EventType.SQS)
    return processPartialResponse(event, notifying, processor, { context, throwOnFullBatchFailure: false })
  })

async function notify({ body, attributes }: SQSRecord): Promise<void> {
  const message = deliveryMessageOf(body)
  if (message === undefined) throw new Error('a message of the queue of deliveries names none')
  await worker.handle(message, Number(attributes.ApproximateReceiveCount) > 1)
}
