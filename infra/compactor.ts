import { Duration, Stack } from 'aws-cdk-lib'
import { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { EventInvokeConfig } from 'aws-cdk-lib/aws-lambda'
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { SPANS_PREFIX } from '../shared/archive/object-key.ts'
import { STATES_PREFIX } from '../shared/archive/state-objects.ts'
import { FUNCTION_DIMENSION, type MetricName } from '../shared/aws/deployment.ts'
import { RULE_KEYS } from '../shared/aws/rules/rule-sets.ts'
import { BetraceFunction, type StackContext } from './lambda-function.ts'
import { ALARM_PERIOD, type Pager } from './pager.ts'
import { acknowledge, allow, allowKey, allowUnder } from './permissions.ts'
import type { Storage } from './storage.ts'

/** An hour takes under 1 GB; the rest buys processor time, which is given by memory. */
const MEMORY_MB = 3008
const MINUTE = 20

/** Merges the small objects of each archived hour, once the hour is over, and summarises what rules found in it. */
export class Compactor extends Construct {
  readonly compactor: BetraceFunction

  constructor(scope: Construct, context: StackContext, { archive, rules }: Storage, pager: Pager) {
    super(scope, 'Compactor')
    const { key } = context
    this.compactor = new BetraceFunction(this, context, {
      handler: 'compactor',
      description: 'merges the small objects of archived hours, and summarises what rules found in them',
      memoryMb: MEMORY_MB,
      timeout: Duration.minutes(15),
      environment: {
        archiveBucket: archive.bucketName,
        rulesBucket: rules.bucketName,
        redactedKeys: JSON.stringify(context.settings.redact),
      },
    })
    const { role, function: compactor } = this.compactor
    allow(role, ['s3:ListBucket'], [archive.bucketArn])
    allowUnder(role, ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], archive, [SPANS_PREFIX, STATES_PREFIX])
    allow(role, ['s3:GetObject'], [rules.arnForObjects(RULE_KEYS.pointer)])
    allowUnder(role, ['s3:GetObject'], rules, [RULE_KEYS.sets])
    allowKey(role, key, 'send')
    const failed = new Queue(this, 'FailedRuns', {
      enforceSSL: true,
      retentionPeriod: Duration.days(4),
      ...(key === undefined
        ? { encryption: QueueEncryption.SQS_MANAGED }
        : { encryption: QueueEncryption.KMS, encryptionMasterKey: key }),
    })
    acknowledge(failed, 'SQS3', 'it is itself where runs go that failed')
    allow(role, ['sqs:SendMessage'], [failed.queueArn])
    // To put what it could not hand over into a queue under the key.
    key?.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('events.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    )
    // The next run, an hour later, does what this one did not.
    new EventInvokeConfig(this, 'OnFailure', {
      function: compactor,
      retryAttempts: 0,
      onFailure: { bind: () => ({ destination: failed.queueArn }) },
    })
    new Rule(this, 'Hourly', {
      description: 'BeTrace: compacts the hour before',
      schedule: Schedule.cron({ minute: String(MINUTE) }),
      targets: [new LambdaFunction(compactor, { deadLetterQueue: failed, retryAttempts: 0 })],
    })
    this.alarms(context, pager, failed)
  }

  private alarms({ namespace }: StackContext, pager: Pager, failed: Queue): void {
    const own = (metricName: MetricName) =>
      new Metric({
        namespace,
        metricName,
        dimensionsMap: { [FUNCTION_DIMENSION]: 'compactor' },
        period: ALARM_PERIOD,
        statistic: 'Sum',
      })
    pager.alarm(this, 'FailedRuns', {
      heading: 'The compactor fails',
      metric: failed.metricApproximateNumberOfMessagesVisible({ period: ALARM_PERIOD, statistic: 'Maximum' }),
      threshold: 1,
    })
    pager.alarm(this, 'NotCompacted', {
      heading: 'Hours are not compacted',
      metric: own('HoursNotCompacted'),
      threshold: 1,
    })
    pager.alarm(this, 'Unreadable', {
      heading: 'Archive objects cannot be read',
      metric: own('ObjectsUnreadable'),
      threshold: 1,
    })
  }
}
