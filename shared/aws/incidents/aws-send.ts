import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { type MessageAttributeValue, PublishCommand, type SNSClient } from '@aws-sdk/client-sns'
import type { EventBridgeRequest, RequestEnd, Send, SnsRequest } from '../../incidents/receivers/receiver.ts'
import { jsonText } from '../../text/visible.ts'
import { wasThrottled } from '../aws-failure.ts'

interface AwsSenders {
  /** Sends requests of HTTP. */
  readonly http: Send
  readonly sns: SNSClient
  readonly events: EventBridgeClient
}

/** Sends what receivers ask for: to web servers, topics and event buses. */
export function awsSend({ http, sns, events }: AwsSenders): Send {
  return (request) => {
    switch (request.kind) {
      case 'sns':
        return endOf(() => publish(sns, request))
      case 'eventbridge':
        return endOf(() => putEvent(events, request))
      case 'http':
        return http(request)
    }
  }
}

async function publish(
  client: SNSClient,
  { topicArn, subject, message, structure, attributes }: SnsRequest,
): Promise<string> {
  const command = new PublishCommand({
    TopicArn: topicArn,
    Message: message,
    MessageAttributes: Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, attribute(value)])),
    ...(subject !== undefined && { Subject: subject }),
    ...(structure !== undefined && { MessageStructure: structure }),
  })
  const { MessageId = '' } = await client.send(command)
  return JSON.stringify({ MessageId })
}

/** An entry that is refused is in an answer of 200: the receiver reads it. */
async function putEvent(
  client: EventBridgeClient,
  { busName, source, detailType, detail }: EventBridgeRequest,
): Promise<string> {
  const entry = { EventBusName: busName, Source: source, DetailType: detailType, Detail: detail }
  const { FailedEntryCount = 0, Entries = [] } = await client.send(new PutEventsCommand({ Entries: [entry] }))
  return JSON.stringify({ FailedEntryCount, Entries })
}

function attribute(value: string | readonly string[]): MessageAttributeValue {
  return typeof value === 'string'
    ? { DataType: 'String', StringValue: value }
    : { DataType: 'String.Array', StringValue: jsonText(value) }
}

/** A failure without an answer may have been taken all the same. */
async function endOf(call: () => Promise<string>): Promise<RequestEnd> {
  try {
    return { status: 200, body: await call() }
  } catch (error) {
    const { name, message, $metadata } = error as Error & { readonly $metadata?: { readonly httpStatusCode?: number } }
    if (wasThrottled(error)) return { status: 429, body: name }
    const status = $metadata?.httpStatusCode
    if (status === undefined) return { failure: `${name}: ${message}`, unsure: true }
    return { status, body: `${name}: ${message}` }
  }
}
