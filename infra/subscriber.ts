import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { CfnPermission } from 'aws-cdk-lib/aws-lambda'
import { Subscription, type SubscriptionProps, SubscriptionProtocol } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'

/** What a subscriber may be: mail, text message, HTTPS, or the ARN of a queue, function, delivery stream or mobile endpoint. */
export const SUBSCRIBER =
  /^(mailto:[^@\s]+@[^@\s]+|tel:\+\d{6,15}|https:\/\/\S+|arn:[^:\s]+:(sqs|lambda|firehose|sns):\S+)$/

const PROTOCOL_OF_SERVICE: Readonly<Record<string, SubscriptionProtocol>> = {
  sqs: SubscriptionProtocol.SQS,
  lambda: SubscriptionProtocol.LAMBDA,
  firehose: SubscriptionProtocol.FIREHOSE,
  sns: SubscriptionProtocol.APPLICATION,
}
/** What SNS asks for to deliver to a stream of Firehose. */
const FIREHOSE_ACTIONS = [
  'firehose:DescribeDeliveryStream',
  'firehose:ListDeliveryStreams',
  'firehose:ListTagsForDeliveryStream',
  'firehose:PutRecord',
  'firehose:PutRecordBatch',
]

/** Subscribes to a topic and lets it deliver, but for queues: their own policy has to allow that. */
export function subscribe(
  scope: Construct,
  id: string,
  subscriber: string,
  props: Pick<SubscriptionProps, 'topic' | 'filterPolicy'>,
): void {
  const { protocol, endpoint } = endpointOf(subscriber)
  const toStream = protocol === SubscriptionProtocol.FIREHOSE
  if (protocol === SubscriptionProtocol.LAMBDA) {
    new CfnPermission(scope, `${id}Permission`, {
      action: 'lambda:InvokeFunction',
      functionName: endpoint,
      principal: 'sns.amazonaws.com',
      sourceArn: props.topic.topicArn,
    })
  }
  new Subscription(scope, id, {
    ...props,
    protocol,
    endpoint,
    ...(toStream && { subscriptionRoleArn: deliveryRole(scope, `${id}Role`, endpoint).roleArn }),
  })
}

function endpointOf(subscriber: string): Pick<SubscriptionProps, 'protocol' | 'endpoint'> {
  if (subscriber.startsWith('mailto:')) return { protocol: SubscriptionProtocol.EMAIL, endpoint: subscriber.slice(7) }
  if (subscriber.startsWith('tel:')) return { protocol: SubscriptionProtocol.SMS, endpoint: subscriber.slice(4) }
  if (subscriber.startsWith('https://')) return { protocol: SubscriptionProtocol.HTTPS, endpoint: subscriber }
  const service = subscriber.split(':')[2] ?? ''
  return { protocol: PROTOCOL_OF_SERVICE[service] ?? SubscriptionProtocol.SQS, endpoint: subscriber }
}

function deliveryRole(scope: Construct, id: string, streamArn: string): Role {
  const role = new Role(scope, id, { assumedBy: new ServicePrincipal('sns.amazonaws.com') })
  role.addToPolicy(new PolicyStatement({ actions: FIREHOSE_ACTIONS, resources: [streamArn] }))
  return role
}
