import { Duration } from 'aws-cdk-lib'
import { AuthorizationType, LambdaIntegration } from 'aws-cdk-lib/aws-apigateway'
import { Rule, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets'
import { CfnEventInvokeConfig } from 'aws-cdk-lib/aws-lambda'
import { Construct } from 'constructs'
import { SPANS_PREFIX } from '../shared/archive/object-key.ts'
import { RULE_KEYS } from '../shared/aws/rules/rule-sets.ts'
import { FIS_DETAIL_TYPE } from '../shared/experiments/fis.ts'
import type { EvaluatorFunction } from './evaluator.ts'
import type { Incidents } from './incidents.ts'
import type { Ingest } from './ingest.ts'
import { BetraceFunction, type StackContext } from './lambda-function.ts'
import { ALARM_PERIOD, type Pager } from './pager.ts'
import { acknowledge, allow, allowKey, allowUnder } from './permissions.ts'
import { queue } from './queue.ts'
import { indexArn, type Storage } from './storage.ts'

/** What both functions are made with. */
export interface ExperimentParts {
  readonly storage: Storage
  readonly ingest: Ingest
  readonly evaluator: EvaluatorFunction
  readonly incidents: Incidents
  readonly pager: Pager
}

/** The function gives up before the gateway does, so that the client hears why. */
const API_TIMEOUT = Duration.seconds(20)
const DEAD_LETTER_DAYS = 14

/** Chaos experiments: who announces them, and the stop condition that ends them. */
export class Experiments extends Construct {
  constructor(scope: Construct, context: StackContext, parts: ExperimentParts) {
    super(scope, 'Experiments')
    const { storage, evaluator, pager } = parts
    const { function: api, role } = new BetraceFunction(this, context, {
      handler: 'experiments',
      description: 'answers the API of experiments and stop conditions, receives events of AWS FIS experiments',
      memoryMb: 512,
      timeout: API_TIMEOUT,
      environment: { table: storage.table.tableName, judging: evaluator.judging },
    })
    allow(role, ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'], [storage.table.tableArn])
    allowKey(role, context.key, 'table')
    this.routes(parts.ingest, new LambdaIntegration(api, { timeout: Duration.seconds(29), allowTestInvoke: false }))
    new Rule(this, 'FisStateChanges', {
      description: 'BeTrace: AWS FIS experiments start and end',
      eventPattern: { source: ['aws.fis'], detailType: [FIS_DETAIL_TYPE] },
      targets: [new LambdaTarget(api)],
    })
    const setAside = queue(this, 'DeadLetters', context, { retentionPeriod: Duration.days(DEAD_LETTER_DAYS) })
    acknowledge(setAside, 'SQS3', 'it is the dead-letter queue itself: the on-failure destination of a function')
    allow(role, ['sqs:SendMessage'], [setAside.queueArn])
    allowKey(role, context.key, 'send')
    const failing = new CfnEventInvokeConfig(this, 'SetAside', {
      functionName: api.functionName,
      qualifier: '$LATEST',
      maximumRetryAttempts: 2,
      destinationConfig: { onFailure: { destination: setAside.queueArn } },
    })
    // Lambda checks the role when the destination is set.
    failing.node.addDependency(role)
    pager.alarm(this, 'SetAside', {
      heading: 'Events of experiments were set aside',
      metric: setAside.metricApproximateNumberOfMessagesVisible({ period: ALARM_PERIOD, statistic: 'Maximum' }),
      threshold: 1,
    })
    new Verdicts(this, context, parts)
  }

  /** Behind the authorizer that spans pass, with the keys that spans bring. */
  private routes({ v1, authorizer }: Ingest, integration: LambdaIntegration): void {
    const guarded = { authorizer, authorizationType: AuthorizationType.CUSTOM }
    const experiments = v1.addResource('experiments')
    experiments.addMethod('POST', integration, guarded)
    experiments.addMethod('GET', integration, guarded)
    experiments.addResource('{id}').addMethod('GET', integration, guarded)
    v1.addResource('invariants').addResource('health').addMethod('GET', integration, guarded)
  }
}

const VERDICT_TIMEOUT = Duration.minutes(15)

/** Gives the verdicts on experiments, once their traces are quiet; looks every minute for what incidents lost. */
class Verdicts extends Construct {
  constructor(scope: Construct, context: StackContext, { storage, evaluator, incidents, pager }: ExperimentParts) {
    super(scope, 'Verdicts')
    const verdictsFunction = new BetraceFunction(this, context, {
      handler: 'verdicts',
      description: 'judges experiments that are over by what the archive holds',
      memoryMb: 1769,
      timeout: VERDICT_TIMEOUT,
      environment: {
        table: storage.table.tableName,
        rulesBucket: storage.rules.bucketName,
        archiveBucket: storage.archive.bucketName,
        signalTopic: pager.signals.topicArn,
        judging: evaluator.judging,
        incidentTable: storage.incidents.tableName,
        deliveriesUrl: incidents.deliveries.queueUrl,
        timersUrl: evaluator.timers.queueUrl,
        deadLettersUrl: evaluator.deadLetters.queueUrl,
      },
    })
    const { function: verdicts, role } = verdictsFunction
    incidents.allowDispatch(verdictsFunction)
    allow(role, ['dynamodb:Query'], [indexArn(storage.incidents)])
    allow(role, ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'], [storage.table.tableArn])
    allow(role, ['s3:GetObject'], [storage.rules.arnForObjects(RULE_KEYS.pointer)])
    allowUnder(role, ['s3:GetObject'], storage.rules, [RULE_KEYS.sets])
    allow(role, ['s3:ListBucket'], [storage.archive.bucketArn])
    allowUnder(role, ['s3:GetObject'], storage.archive, [SPANS_PREFIX])
    allow(role, ['sns:Publish'], [pager.signals.topicArn])
    allowKey(role, context.key, 'table')
    new Rule(this, 'EveryMinute', {
      description: 'BeTrace: verdicts on experiments that are due, and what incidents lost',
      schedule: Schedule.rate(Duration.minutes(1)),
      // The next one comes anyway.
      targets: [new LambdaTarget(verdicts, { retryAttempts: 0 })],
    })
    pager.alarm(this, 'Errors', {
      heading: 'Verdicts on experiments fail',
      metric: verdicts.metricErrors({ period: ALARM_PERIOD, statistic: 'Sum' }),
      threshold: 3,
    })
  }
}
