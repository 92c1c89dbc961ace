import { Duration } from 'aws-cdk-lib'
import { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { SPANS_PREFIX } from '../shared/archive/object-key.ts'
import { SIGNALS_PREFIX } from '../shared/archive/signal-objects.ts'
import { FUNCTION_DIMENSION, type MetricName, stackName } from '../shared/aws/deployment.ts'
import { RULE_KEYS } from '../shared/aws/rules/rule-sets.ts'
import { judgingSettings } from '../shared/pipeline/settings.ts'
import { BetraceFunction, type StackContext } from './lambda-function.ts'
import { ALARM_PERIOD, type Pager } from './pager.ts'
import { allow, allowKey, allowUnder } from './permissions.ts'
import { queue } from './queue.ts'
import type { StackSettings } from './settings.ts'
import { indexArn, type Storage } from './storage.ts'
import { CHUNKS, failedRecords, streamSource } from './stream-source.ts'

const TIMEOUT = Duration.seconds(60)
/** Longer than a function may run, or two of them could work under one lease. */
const LEASE_MS = 1.5 * TIMEOUT.toMilliseconds()
/** AWS's advice: a message whose function was throttled is tried again within its own batch first. */
const VISIBILITY = Duration.seconds(6 * TIMEOUT.toSeconds())
const DEAD_LETTER_DAYS = 4
const MAX_RECEIVES = 5
/** Traces judged together share a start, a look at the rules and an object of the archive. */
const TIMER_BATCH = 100
const TIMER_WINDOW = Duration.seconds(3)
/** Chunks of a trace expire together: one look at its marker serves them all. */
const REMOVAL_BATCH = 500
const REMOVAL_WINDOW = Duration.seconds(30)
/** What expires was meant to be judged days ago: some patience, then aside, so that it blocks nobody. */
const REMOVAL_RETRIES = 20
/** A message waits a quarter of an hour at most before it is due, and six timeouts if its function was killed. */
const OLDEST_TIMER = Duration.minutes(30)

/** Judges traces when their timers fire, and rescues chunks that expired without a verdict. */
export class EvaluatorFunction extends Construct {
  readonly timers: Queue
  readonly deadLetters: Queue
  readonly evaluator: BetraceFunction
  /** JudgingSettings as JSON, for all functions that go by them. */
  readonly judging: string

  constructor(scope: Construct, context: StackContext, storage: Storage, pager: Pager) {
    super(scope, 'Evaluator')
    this.judging = JSON.stringify(judging(context.settings))
    this.deadLetters = queue(this, 'DeadLetters', context, { retentionPeriod: Duration.days(DEAD_LETTER_DAYS) })
    this.timers = queue(this, 'Timers', context, {
      visibilityTimeout: VISIBILITY,
      retentionPeriod: Duration.days(DEAD_LETTER_DAYS),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
    })
    this.evaluator = new BetraceFunction(this, context, {
      handler: 'evaluator',
      description: 'judges traces that went quiet, rescues those that expired',
      memoryMb: 1769,
      timeout: TIMEOUT,
      rearmsItself: true,
      environment: {
        table: storage.table.tableName,
        incidentTable: storage.incidents.tableName,
        timersUrl: this.timers.queueUrl,
        deadLettersUrl: this.deadLetters.queueUrl,
        signalTopic: pager.signals.topicArn,
        rulesBucket: storage.rules.bucketName,
        archiveBucket: storage.archive.bucketName,
        judging: this.judging,
        redactedKeys: JSON.stringify(context.settings.redact),
      },
    })
    this.permissions(context, storage, pager)
    this.timerSource(context.settings)
    this.alarms(context, pager, this.removalSource(storage))
  }

  private permissions({ key }: StackContext, storage: Storage, pager: Pager): void {
    const { role } = this.evaluator
    const onTable = ['GetItem', 'BatchGetItem', 'Query', 'UpdateItem', 'BatchWriteItem']
    allow(
      role,
      onTable.map((action) => `dynamodb:${action}`),
      [storage.table.tableArn],
    )
    allow(role, ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'], [storage.incidents.tableArn])
    allow(role, ['dynamodb:Query'], [indexArn(storage.incidents)])
    allow(role, ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], [this.timers.queueArn])
    allow(role, ['sqs:SendMessage'], [this.timers.queueArn, this.deadLetters.queueArn])
    allow(role, ['sns:Publish'], [pager.signals.topicArn])
    allow(role, ['s3:GetObject'], [storage.rules.arnForObjects(RULE_KEYS.pointer)])
    allowUnder(role, ['s3:GetObject'], storage.rules, [RULE_KEYS.sets])
    allowUnder(role, ['s3:PutObject'], storage.archive, [SPANS_PREFIX, SIGNALS_PREFIX])
    allowKey(role, key, 'table')
  }

  private timerSource(settings: StackSettings): void {
    const source = new EventSourceMapping(this, 'TimerSource', {
      target: this.evaluator.function,
      eventSourceArn: this.timers.queueArn,
      batchSize: TIMER_BATCH,
      maxBatchingWindow: TIMER_WINDOW,
      maxConcurrency: settings.evaluatorConcurrency,
      reportBatchItemFailures: true,
    })
    source.node.addDependency(this.evaluator.role)
  }

  private removalSource(storage: Storage): EventSourceMapping {
    return streamSource(this, 'Removals', this.evaluator, storage, {
      table: storage.table,
      items: CHUNKS,
      batchSize: REMOVAL_BATCH,
      maxBatchingWindow: REMOVAL_WINDOW,
      retryAttempts: REMOVAL_RETRIES,
      pattern: { eventName: ['REMOVE'], userIdentity: { type: ['Service'], principalId: ['dynamodb.amazonaws.com'] } },
    })
  }

  private alarms({ namespace }: StackContext, pager: Pager, removals: EventSourceMapping): void {
    const sum = { period: ALARM_PERIOD, statistic: 'Sum' }
    const own = (metricName: MetricName) =>
      new Metric({ namespace, metricName, dimensionsMap: { [FUNCTION_DIMENSION]: 'evaluator' }, ...sum })
    const alarm = (id: string, heading: string, metric: Metric, threshold = 1) =>
      pager.alarm(this, id, { heading, metric, threshold })
    alarm('Errors', 'The evaluator fails', this.evaluator.function.metricErrors(sum))
    alarm('Throttles', 'The evaluator is throttled', this.evaluator.function.metricThrottles(sum), 10)
    alarm('TimerFailures', 'Traces cannot be judged', own('TimerFailures'), 10)
    const age = this.timers.metricApproximateAgeOfOldestMessage({ period: ALARM_PERIOD, statistic: 'Maximum' })
    alarm('OldestTimer', 'Timers wait too long', age, OLDEST_TIMER.toSeconds())
    const letters = { period: ALARM_PERIOD, statistic: 'Maximum' }
    alarm('DeadLetters', 'Timers were set aside', this.deadLetters.metricApproximateNumberOfMessagesVisible(letters))
    alarm('Rescues', 'Traces expired before they were judged', own('TracesRescued'))
    alarm('LateSpans', 'Spans came too late to be judged', own('SpansNotJudged'), 1_000)
    alarm('Inconclusive', 'Judging of rules is stopped on traces', own('VerdictsInconclusive'))
    alarm('RulesRejected', 'Rules are rejected', own('RulesRejected'))
    alarm('RulesNotRead', 'Rules cannot be read', own('RulesNotRevalidated'), 3)
    alarm('PublishFailures', 'Signals cannot be published', own('PublishFailures'))
    alarm(
      'RemovalAge',
      'Expired chunks are looked at late',
      this.evaluator.function.metric('IteratorAge', letters),
      3_600_000,
    )
    alarm('FailedRecords', 'Stream records were given up', failedRecords(this.evaluator, removals))
  }
}

function judging(settings: StackSettings) {
  return judgingSettings({
    quietPeriodMs: settings.quietPeriodSeconds * 1000,
    incompleteWaitMs: settings.incompleteWaitSeconds * 1000,
    maxTraceAgeMs: settings.maxTraceAgeSeconds * 1000,
    judgeWindowMs: settings.judgeWindowHours * 3_600_000,
    maxSignalsPerMinute: settings.maxSignalsPerMinute,
    incidentQuietMs: settings.incidentQuietMinutes * 60_000,
    incidentCooldownMs: settings.incidentCooldownMinutes * 60_000,
    maxExperimentMs: settings.experimentHours * 3_600_000,
    leaseMs: LEASE_MS,
    source: `/${stackName(settings.environment)}`,
    ...(settings.runbookBase === '' ? {} : { runbookBase: settings.runbookBase }),
  })
}
