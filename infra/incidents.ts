import { Duration, RemovalPolicy, SecretValue } from 'aws-cdk-lib'
import { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { FUNCTION_DIMENSION, type MetricName } from '../shared/aws/deployment.ts'
import { HEAD_PREFIX, INCIDENT_KEYS } from '../shared/aws/incidents/incident-items.ts'
import { NOTIFY_KEY } from '../shared/aws/incidents/s3-notify-source.ts'
import type { EvaluatorFunction } from './evaluator.ts'
import { BetraceFunction, type StackContext } from './lambda-function.ts'
import { ALARM_PERIOD, type Pager } from './pager.ts'
import { acknowledge, allow, allowKey } from './permissions.ts'
import { queue } from './queue.ts'
import { indexArn, type Storage } from './storage.ts'
import { failedRecords, streamSource } from './stream-source.ts'

/** What both functions are made with. */
interface IncidentParts {
  readonly storage: Storage
  readonly evaluator: EvaluatorFunction
  readonly pager: Pager
}

const TIMEOUT = Duration.seconds(60)
const VISIBILITY = Duration.seconds(6 * TIMEOUT.toSeconds())
const DEAD_LETTER_DAYS = 14
/** An hour: whatever keeps the function from its work is repaired by then, or somebody has to look. */
const MAX_RECEIVES = 10
/** An opening is not kept waiting for others. */
const CHANGES = 100
const DELIVERIES = 10
/** Receivers take a few requests a second. */
const NOTIFIERS = 5

/** A message waits a quarter of an hour at most before it is due. */
const OLDEST_DELIVERY = Duration.minutes(30)

/** From changes of incidents to notified receivers. */
export class Incidents extends Construct {
  /** What `${secret:…}` in notify.yaml refers to. */
  readonly secret: Secret
  /** Deliveries that somebody has to look at. */
  readonly deliveries: Queue
  private readonly context: StackContext
  private readonly parts: IncidentParts

  constructor(scope: Construct, context: StackContext, parts: IncidentParts) {
    super(scope, 'Incidents')
    this.context = context
    this.parts = parts
    const { settings, key } = context
    this.secret = new Secret(this, 'Values', {
      description: 'BeTrace: keys of receivers, as JSON of texts by name; notify.yaml refers to them',
      secretObjectValue: { '(none)': SecretValue.unsafePlainText('put the keys of receivers here, by name') },
      removalPolicy: settings.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      ...(key !== undefined && { encryptionKey: key }),
    })
    acknowledge(this.secret, 'SMG4', 'keys of receivers are made by the receivers, and replaced there')
    const setAside = queue(this, 'DeadLetters', context, { retentionPeriod: Duration.days(DEAD_LETTER_DAYS) })
    this.deliveries = queue(this, 'Deliveries', context, {
      visibilityTimeout: VISIBILITY,
      retentionPeriod: Duration.days(DEAD_LETTER_DAYS),
      deadLetterQueue: { queue: setAside, maxReceiveCount: MAX_RECEIVES },
    })
    parts.pager.alarm(this, 'SetAside', {
      heading: 'Notifications were set aside',
      metric: setAside.metricApproximateNumberOfMessagesVisible({ period: ALARM_PERIOD, statistic: 'Maximum' }),
      threshold: 1,
    })
    this.dispatcher()
    this.notifier()
  }

  /** Lets a function ask for what follows from changes of incidents. */
  allowDispatch({ role }: BetraceFunction): void {
    const { storage, evaluator } = this.parts
    allow(role, ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'], [storage.incidents.tableArn])
    allow(role, ['sqs:SendMessage'], [this.deliveries.queueArn, evaluator.timers.queueArn])
    allowNotifyFile(role, storage)
    allowKey(role, this.context.key, 'table')
  }

  private dispatcher(): void {
    const { storage, evaluator, pager } = this.parts
    const scope = new Construct(this, 'Dispatcher')
    const dispatcher = new BetraceFunction(scope, this.context, {
      handler: 'dispatcher',
      description: 'asks for the receivers of incidents that changed',
      memoryMb: 512,
      timeout: TIMEOUT,
      environment: {
        incidentTable: storage.incidents.tableName,
        deliveriesUrl: this.deliveries.queueUrl,
        timersUrl: evaluator.timers.queueUrl,
        deadLettersUrl: evaluator.deadLetters.queueUrl,
        rulesBucket: storage.rules.bucketName,
        judging: evaluator.judging,
      },
    })
    this.allowDispatch(dispatcher)
    const source = streamSource(scope, 'Changes', dispatcher, storage, {
      table: storage.incidents,
      items: { key: INCIDENT_KEYS.partition, prefix: HEAD_PREFIX },
      batchSize: CHANGES,
      maxBatchingWindow: Duration.seconds(0),
      retryAttempts: -1,
      pattern: { eventName: ['INSERT', 'MODIFY'] },
    })
    const letters = { period: ALARM_PERIOD, statistic: 'Maximum' }
    const alarm = (id: string, heading: string, metric: Metric, threshold: number) =>
      pager.alarm(scope, id, { heading, metric, threshold })
    const tooLateMs = Duration.minutes(5).toMilliseconds()
    const age = dispatcher.function.metric('IteratorAge', letters)
    alarm('IteratorAge', 'Changes of incidents are dispatched late', age, tooLateMs)
    const errors = dispatcher.function.metricErrors({ period: ALARM_PERIOD, statistic: 'Sum' })
    alarm('Errors', 'The dispatcher fails', errors, 3)
    alarm('FailedRecords', 'Stream records were given up', failedRecords(dispatcher, source), 1)
  }

  private notifier(): void {
    const { storage, evaluator, pager } = this.parts
    const { settings, key, namespace } = this.context
    const scope = new Construct(this, 'Notifier')
    const { function: notifier, role } = new BetraceFunction(scope, this.context, {
      handler: 'notifier',
      description: 'notifies the receivers of incidents',
      memoryMb: 512,
      timeout: TIMEOUT,
      rearmsItself: true,
      environment: {
        incidentTable: storage.incidents.tableName,
        deliveriesUrl: this.deliveries.queueUrl,
        rulesBucket: storage.rules.bucketName,
        incidentTopic: pager.incidents.topicArn,
        notifySecret: this.secret.secretArn,
        privateReceivers: String(settings.privateReceivers),
        judging: evaluator.judging,
      },
    })
    allow(role, ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'], [storage.incidents.tableArn])
    allow(role, ['dynamodb:Query'], [indexArn(storage.incidents)])
    allow(role, ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], [this.deliveries.queueArn])
    allow(role, ['sqs:SendMessage'], [this.deliveries.queueArn])
    allow(role, ['secretsmanager:GetSecretValue'], [this.secret.secretArn])
    const topics = settings.notifyTargets.filter((arn) => arn.split(':')[2] === 'sns')
    const buses = settings.notifyTargets.filter((arn) => arn.split(':')[2] === 'events')
    allow(role, ['sns:Publish'], [pager.incidents.topicArn, ...topics])
    if (buses.length > 0) allow(role, ['events:PutEvents'], buses)
    allowNotifyFile(role, storage)
    allowKey(role, key, 'table')
    const source = new EventSourceMapping(scope, 'DeliverySource', {
      target: notifier,
      eventSourceArn: this.deliveries.queueArn,
      batchSize: DELIVERIES,
      maxConcurrency: NOTIFIERS,
      reportBatchItemFailures: true,
    })
    source.node.addDependency(role)
    const sum = { period: ALARM_PERIOD, statistic: 'Sum' }
    const own = (metricName: MetricName) =>
      new Metric({ namespace, metricName, dimensionsMap: { [FUNCTION_DIMENSION]: 'notifier' }, ...sum })
    const alarm = (id: string, heading: string, metric: Metric, threshold: number) =>
      pager.alarm(scope, id, { heading, metric, threshold })
    alarm('Errors', 'The notifier fails', notifier.metricErrors(sum), 3)
    alarm('Refused', 'Notifications were refused', own('NotificationsRefused'), 1)
    alarm('Failed', 'Receivers cannot be notified', own('NotificationsFailed'), 10)
    alarm('Abandoned', 'Notified receivers are gone', own('NotificationsAbandoned'), 1)
    alarm('Rejected', 'Receivers of the stack cannot be used', own('ReceiversRejected'), 1)
    const age = this.deliveries.metricApproximateAgeOfOldestMessage({ period: ALARM_PERIOD, statistic: 'Maximum' })
    alarm('Oldest', 'Receivers are notified late', age, OLDEST_DELIVERY.toSeconds())
  }
}

/** Without the right to list, S3 says of a file that is not there that it may not be read. */
function allowNotifyFile(role: BetraceFunction['role'], { rules }: Storage): void {
  allow(role, ['s3:GetObject'], [rules.arnForObjects(NOTIFY_KEY)])
  allow(role, ['s3:ListBucket'], [rules.bucketArn])
}
