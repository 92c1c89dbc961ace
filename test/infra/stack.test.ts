import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Match } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, test } from 'vitest'
import { headingAnchor } from '../../infra/pager.ts'
import { callsIn, grantsForLambda, grantsOf } from './calls.ts'
import { grantsByRole, permissionsText } from './permissions-text.ts'
import { functionName, ofType, type Resource, type Synthesized, synthesize } from './synthesized.ts'

let stack: Synthesized
beforeAll(() => {
  stack = synthesize()
}, 60_000)

/** Objects under a prefix of one of the stack's own buckets. */
const OWN_PREFIX = /^Storage(?:Archive|Rules)\/[a-z/]+\/\*$/

/** What names more than one thing, and why. */
const BROAD: Readonly<Record<string, string>> = {
  'dynamodb:ListStreams on *': 'IAM has no resource for it',
  'states:DescribeExecution on arn:<Partition>:states:<Region>:<AccountId>:execution:ReplayMachine.Name:*':
    'executions of the stack’s own machine, which are named when they start',
  'states:StopExecution on arn:<Partition>:states:<Region>:<AccountId>:execution:ReplayMachine.Name:*':
    'executions of the stack’s own machine, which are named when they start',
}

/** Calls that come with a module although the function uses other parts of it; each would be refused. */
const NEVER_CALLED: Readonly<Record<string, readonly string[]>> = {
  // The table's buffer; ingest only appends.
  ingest: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
  // The bucket's object store; only the compactor and `forget` remove objects …
  evaluator: ['s3:DeleteObject'],
  // Buses that the setting notifyTargets names; there is none by default.
  notifier: ['events:PutEvents'],
  replay: ['s3:DeleteObject'],
  // … the parts of a replay; workers publish …
  'replay-plan': ['s3:DeleteObject', 'sns:Publish'],
  'replay-report': ['s3:DeleteObject', 'sns:Publish'],
  'replay-worker': ['s3:DeleteObject'],
  // … and which verdicts only read.
  verdicts: ['s3:DeleteObject', 's3:PutObject'],
}

/** Without the right to list, S3 answers 403 for a file that is not there. */
const FOR_ANSWERS: Readonly<Record<string, readonly string[]>> = { notifier: ['s3:ListBucket'] }

const handlers = () =>
  Object.values(stack.resources)
    .map(functionName)
    .filter((name) => name !== undefined)

const bundleOf = (handler: string) => readFileSync(join(stack.bundleFolder(handler), 'index.mjs'), 'utf8')

describe('each function', () => {
  test('may call nothing that its code does not', () => {
    for (const handler of handlers()) {
      const calls = callsIn(bundleOf(handler))
      const forLambda = [...grantsForLambda(stack.resources, handler), ...(FOR_ANSWERS[handler] ?? [])]
      const idle = grantsOf(stack.resources, handler).filter(
        ({ action }) => !calls.has(action) && !forLambda.includes(action),
      )
      expect([handler, idle.map(({ action }) => action)]).toEqual([handler, []])
    }
  })

  test('may call all that its code does, but for calls that it shares a module with', () => {
    const missing = handlers().map((handler) => {
      const granted = new Set(grantsOf(stack.resources, handler).map(({ action }) => action))
      return [handler, [...callsIn(bundleOf(handler))].filter((action) => !granted.has(action)).sort()] as const
    })
    expect(Object.fromEntries(missing.filter(([, actions]) => actions.length > 0))).toEqual(NEVER_CALLED)
  })

  test('runs on Node 24 and ARM, keeps its log for a month, is not traced', () => {
    const ours = ofType(stack, 'AWS::Lambda::Function').filter((one) => functionName(one) !== undefined)
    expect(ours).toHaveLength(14)
    for (const { Properties } of ours) {
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler' })
      expect(Properties.TracingConfig).toBeUndefined()
      const log = stack.resources[Properties.LoggingConfig.LogGroup.Ref]
      expect(log?.Properties.RetentionInDays).toBe(30)
    }
  })

  test('is one minified module without native parts, small enough to start fast', () => {
    const limits = {
      ingest: 600,
      authorizer: 600,
      timer: 600,
      'rule-seeding': 600,
      evaluator: 1_000,
      experiments: 600,
      verdicts: 1_150,
      dispatcher: 900,
      notifier: 1_000,
      replay: 950,
      'replay-plan': 600,
      'replay-worker': 950,
      'replay-report': 950,
      compactor: 950,
    }
    for (const [handler, limitKb] of Object.entries(limits)) {
      const folder = stack.bundleFolder(handler)
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      expect(files.filter((file) => /\.(mjs|js|node|wasm)$/.test(file))).toEqual(['index.mjs'])
      expect([handler, statSync(join(folder, 'index.mjs')).size < limitKb * 1000]).toEqual([handler, true])
    }
  })

  test('is stopped by Lambda when it invokes itself without end, but for the evaluator, which re-arms its timers', () => {
    const loops = ofType(stack, 'AWS::Lambda::Function').map((one) => [functionName(one), one.Properties.RecursiveLoop])
    expect(Object.fromEntries(loops)).toMatchObject({ evaluator: 'Allow', timer: 'Terminate', ingest: 'Terminate' })
  })
})

describe('the table', () => {
  test('is billed by use, expires items, streams removed images, can be restored', () => {
    stack.template.hasResourceProperties('AWS::DynamoDB::Table', {
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamViewType: 'OLD_IMAGE' },
      TimeToLiveSpecification: { AttributeName: 'x', Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    })
  })

  test('tells the timer of inserted chunks, in batches, until each is armed', () => {
    stack.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 10_000,
      MaximumBatchingWindowInSeconds: 10,
      MaximumRetryAttempts: -1,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      StartingPosition: 'TRIM_HORIZON',
      FilterCriteria: {
        Filters: [{ Pattern: '{"eventName":["INSERT"],"dynamodb":{"Keys":{"item":{"S":[{"prefix":"c#"}]}}}}' }],
      },
      DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
    })
  })

  test('tells the evaluator of chunks that it removed itself, by another mapping', () => {
    const userIdentity = '"userIdentity":{"type":["Service"],"principalId":["dynamodb.amazonaws.com"]}'
    stack.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      MaximumRetryAttempts: 20,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      FilterCriteria: {
        Filters: [
          { Pattern: `{"eventName":["REMOVE"],${userIdentity},"dynamodb":{"Keys":{"item":{"S":[{"prefix":"c#"}]}}}}` },
        ],
      },
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('Archive'), 'Arn'] } } },
    })
  })
})

describe('the timers queue', () => {
  test('hides a message for six timeouts of its function, and sets it aside after five', () => {
    const [evaluator] = ofType(stack, 'AWS::Lambda::Function').filter((one) => functionName(one) === 'evaluator')
    const timeoutSeconds = evaluator?.Properties.Timeout
    stack.template.hasResourceProperties('AWS::SQS::Queue', {
      VisibilityTimeout: 6 * timeoutSeconds,
      RedrivePolicy: { maxReceiveCount: 5 },
    })
    const { leaseMs } = JSON.parse(evaluator?.Properties.Environment.Variables.BETRACE_JUDGING)
    expect(leaseMs).toBeGreaterThan(timeoutSeconds * 1000)
  })

  test('reports messages that failed one by one', () => {
    stack.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 3,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 100 },
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('Timers'), 'Arn'] },
    })
  })

  test('has dead letters that are kept for four days', () => {
    stack.template.hasResourceProperties('AWS::SQS::Queue', {
      MessageRetentionPeriod: 4 * 86_400,
      RedrivePolicy: Match.absent(),
    })
  })
})

describe('everything', () => {
  test('is encrypted, asked for by TLS only, and not public', () => {
    for (const { Properties } of ofType(stack, 'AWS::S3::Bucket')) {
      expect(Properties.BucketEncryption).toBeDefined()
      expect(Object.values(Properties.PublicAccessBlockConfiguration)).toEqual([true, true, true, true])
    }
    for (const { Properties } of ofType(stack, 'AWS::SQS::Queue')) expect(Properties.SqsManagedSseEnabled).toBe(true)
    for (const type of ['AWS::S3::BucketPolicy', 'AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy']) {
      const policies = ofType(stack, type).map(({ Properties }) => JSON.stringify(Properties.PolicyDocument))
      expect(policies).toHaveLength(ofType(stack, type.replace('Policy', '')).length)
      for (const policy of policies) expect(policy).toContain('"aws:SecureTransport":"false"')
    }
  })

  test('that holds data survives the stack', () => {
    const kept = Object.values(stack.resources).filter(({ DeletionPolicy }) => DeletionPolicy === 'Retain')
    const types = kept.map(({ Type }) => Type).filter((type) => !type.startsWith('AWS::Lambda::Version'))
    expect([...new Set(types)].sort()).toEqual([
      'AWS::ApiGateway::Account',
      'AWS::DynamoDB::Table',
      'AWS::IAM::Role',
      'AWS::S3::Bucket',
      'AWS::SecretsManager::Secret',
    ])
  })

  test('that cdk-nag finds is fixed, or has a reason', () => {
    expect(stack.violations).toEqual([])
    for (const { reason } of stack.acknowledged) expect(reason?.length).toBeGreaterThan(20)
  })
})

describe('each alarm', () => {
  const headings = readFileSync(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('## '))
    .map((line) => headingAnchor(line.slice(3)))

  test('pages, and links to its heading in the runbook', () => {
    const alarms = ofType(stack, 'AWS::CloudWatch::Alarm').filter((alarm) => !isStopCondition(alarm))
    expect(alarms.length).toBeGreaterThanOrEqual(18)
    for (const { Properties } of alarms) {
      const [, anchor] = Properties.AlarmDescription.split('docs/runbook.md#')
      expect(headings).toContain(anchor)
      expect(Properties.AlarmActions).toHaveLength(1)
    }
  })

  test('of our own metrics watches a metric that the functions emit', () => {
    const own = ofType(stack, 'AWS::CloudWatch::Alarm').filter(
      (alarm) => alarm.Properties.Namespace === 'betrace-main' && !isStopCondition(alarm),
    )
    const names = own.map(({ Properties }) => Properties.MetricName).sort()
    const counted = [
      'HoursNotCompacted',
      'NotificationsAbandoned',
      'NotificationsFailed',
      'NotificationsRefused',
      'ObjectsUnreadable',
      'PublishFailures',
      'ReceiversRejected',
      'RulesNotRevalidated',
      'RulesRejected',
      'SpansNotJudged',
      'TimerFailures',
      'TracesRescued',
      'VerdictsInconclusive',
    ]
    expect(names).toEqual(counted)
    for (const { Properties } of own) {
      const [counts = 'evaluator'] = Object.entries(COUNTS).flatMap(([name, what]) =>
        what.test(Properties.MetricName) ? [name] : [],
      )
      expect(Properties.Dimensions).toEqual([{ Name: 'function', Value: counts }])
    }
  })
})

/** What functions other than the evaluator count. */
const COUNTS = { compactor: /^(Hours|Objects)/, notifier: /^(Notifications|Receivers)/ }

/** The stop conditions have names, so that stop conditions can be written before they are deployed. */
function isStopCondition({ Properties }: Resource): boolean {
  return Properties.AlarmName !== undefined
}

describe('the stop conditions', () => {
  test('are an alarm a severity, in alarm within a minute of a signal, fine without one, and page nobody', () => {
    const stopConditions = ofType(stack, 'AWS::CloudWatch::Alarm').filter(isStopCondition)
    expect(stopConditions.map(({ Properties }) => Properties.AlarmName)).toEqual(
      ['critical', 'high', 'medium', 'low', 'info'].map((severity) => `betrace-main-${severity}-signals`),
    )
    for (const { Properties } of stopConditions) {
      const severity = Properties.AlarmName.split('-')[2]
      expect(Properties).toMatchObject({
        Namespace: 'betrace-main',
        MetricName: 'SignalsFiring',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        TreatMissingData: 'notBreaching',
        Dimensions: [
          { Name: 'function', Value: 'evaluator' },
          { Name: 'severity', Value: severity },
        ],
      })
      expect(Properties.AlarmActions).toBeUndefined()
    }
  })
})

describe('experiments', () => {
  test('of AWS FIS arrive by EventBridge, and those that fail for good are set aside', () => {
    stack.template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { source: ['aws.fis'], 'detail-type': ['FIS Experiment State Change'] },
    })
    stack.template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      Qualifier: '$LATEST',
      MaximumRetryAttempts: 2,
      DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
    })
  })

  test('get their verdicts by a function that looks every minute', () => {
    stack.template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(1 minute)' })
  })
})

describe('permissions', () => {
  test('are those that were looked at: a change is accepted with npm run permissions', async () => {
    await expect(permissionsText(stack.resources)).toMatchFileSnapshot('permissions.txt')
  })

  test('name every action, and every resource but for those that have a reason', () => {
    const grants = [...grantsByRole(stack.resources)].flatMap(([role, found]) =>
      found.map((grant) => ({ role, ...grant })),
    )
    expect(grants.filter(({ action }) => action.includes('*'))).toEqual([])
    const broad = grants.filter(({ resource }) => resource.includes('*') && !OWN_PREFIX.test(resource))
    expect([...new Set(broad.map(({ action, resource }) => `${action} on ${resource}`))].sort()).toEqual(
      Object.keys(BROAD).sort(),
    )
  })

  test('are given to services alone, and to each for this account alone', () => {
    for (const { Type, Properties } of Object.values(stack.resources)) {
      const { PolicyDocument, AssumeRolePolicyDocument } = Properties ?? {}
      for (const { Effect, Principal, Condition } of PolicyDocument?.Statement ?? []) {
        if (Effect !== 'Allow' || Principal === undefined) continue
        expect(Object.keys(Principal)).toEqual(['Service'])
        expect([Type, JSON.stringify(Condition)]).toEqual([Type, expect.stringContaining('aws:SourceArn')])
      }
      for (const { Principal } of AssumeRolePolicyDocument?.Statement ?? []) {
        expect(Object.keys(Principal)).toEqual(['Service'])
      }
      if (Type === 'AWS::Lambda::Permission') expect(Properties.SourceArn ?? Properties.SourceAccount).toBeDefined()
    }
  })
})
