import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Match } from 'aws-cdk-lib/assertions'
import { beforeAll, describe, expect, test } from 'vitest'
import { headingAnchor } from '../../infra/pager.ts'
import { functionName, ofType, type Resource, type Synthesized, synthesize } from './synthesized.ts'

let stack: Synthesized
beforeAll(() => {
  stack = synthesize()
}, 60_000)

/** What the role of each function, or the role of this name, may do, apart from writing its own log: `action on resource`, the resource in short. */
function permissionsOf({ resources }: Synthesized): Readonly<Record<string, readonly string[]>> {
  const roles = new Map(
    Object.values(resources)
      .filter((one) => functionName(one) !== undefined)
      .map((one) => [one.Properties.Role['Fn::GetAtt'][0] as string, functionName(one) ?? '']),
  )
  const policies = Object.values(resources).filter(({ Type }) => Type === 'AWS::IAM::Policy')
  const byRole = Map.groupBy(policies, ({ Properties }) => {
    const role: string = Properties.Roles[0].Ref
    return roles.get(role) ?? role.slice(0, -8)
  })
  return Object.fromEntries(
    [...byRole].map(([role, ofRole]) => [
      role,
      ofRole
        .flatMap(({ Properties }) => Properties.PolicyDocument.Statement.flatMap(permissionsIn))
        .filter((permission: string) => !permission.startsWith('logs:'))
        .sort(),
    ]),
  )
}

function permissionsIn({
  Action,
  Resource,
}: {
  readonly Action: unknown
  readonly Resource: unknown
}): readonly string[] {
  return [Action].flat().flatMap((action) => [Resource].flat().map((resource) => `${action} on ${inShort(resource)}`))
}

/** `{"Fn::Join": ["", [{"Fn::GetAtt": ["StorageRulesA4219E2D", "Arn"]}, "/sets/*"]]}` → `StorageRules/sets/*`. */
function inShort(resource: unknown): string {
  const join = (resource as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join']
  if (join !== undefined) return join[1].map(inShort).join('')
  if (typeof resource === 'string') return resource
  const { Ref, 'Fn::GetAtt': getAtt } = resource as { Ref?: string; 'Fn::GetAtt'?: [string, string] }
  const [id = '', attribute] = getAtt ?? [Ref]
  if (id.startsWith('AWS::')) return ''
  return `${id.slice(0, -8)}${attribute === 'StreamArn' ? '.stream' : ''}`
}

describe('each function', () => {
  test('may do exactly what it does', () => {
    const readStream = [
      'dynamodb:DescribeStream on StorageTable.stream',
      'dynamodb:GetRecords on StorageTable.stream',
      'dynamodb:GetShardIterator on StorageTable.stream',
      'dynamodb:ListStreams on *',
      's3:ListBucket on StorageArchive',
      's3:PutObject on StorageArchive/aws/lambda/*',
    ]
    const ofReplay = [
      's3:GetObject on StorageArchive/replays/*',
      's3:ListBucket on StorageArchive',
      's3:PutObject on StorageArchive/replays/*',
    ]
    expect(permissionsOf(stack)).toEqual({
      ingest: ['dynamodb:BatchWriteItem on StorageTable'],
      experiments: [
        'dynamodb:GetItem on StorageTable',
        'dynamodb:Query on StorageTable',
        'dynamodb:UpdateItem on StorageTable',
        'sqs:SendMessage on ExperimentsDeadLetters',
      ],
      verdicts: [
        'dynamodb:GetItem on StorageTable',
        'dynamodb:Query on StorageTable',
        'dynamodb:UpdateItem on StorageTable',
        's3:GetObject on StorageArchive/spans/*',
        's3:GetObject on StorageRules/current.json',
        's3:GetObject on StorageRules/sets/*',
        's3:ListBucket on StorageArchive',
        'sns:Publish on PagerSignals',
      ],
      authorizer: ['secretsmanager:GetSecretValue on IngestAuthorizerKeys'],
      timer: [...readStream, 'sqs:SendMessage on EvaluatorTimers'],
      evaluator: [
        'dynamodb:BatchGetItem on StorageTable',
        'dynamodb:BatchWriteItem on StorageTable',
        ...readStream.slice(0, 1),
        'dynamodb:GetItem on StorageTable',
        ...readStream.slice(1, 4),
        'dynamodb:Query on StorageTable',
        'dynamodb:UpdateItem on StorageTable',
        's3:GetObject on StorageRules/current.json',
        's3:GetObject on StorageRules/sets/*',
        ...readStream.slice(4),
        's3:PutObject on StorageArchive/signals/*',
        's3:PutObject on StorageArchive/spans/*',
        'sns:Publish on PagerSignals',
        'sqs:DeleteMessage on EvaluatorTimers',
        'sqs:GetQueueAttributes on EvaluatorTimers',
        'sqs:ReceiveMessage on EvaluatorTimers',
        'sqs:SendMessage on EvaluatorDeadLetters',
        'sqs:SendMessage on EvaluatorTimers',
      ].sort(),
      replay: [
        ...ofReplay,
        's3:GetObject on StorageArchive/spans/*',
        's3:GetObject on StorageRules/current.json',
        's3:GetObject on StorageRules/sets/*',
        's3:PutObject on StorageArchive/signals/*',
        'sns:Publish on PagerSignals',
        'states:DescribeExecution on arn::states:::execution:ReplayMachine:*',
        'states:StartExecution on ReplayMachine',
      ].sort(),
      'replay-plan': [...ofReplay, 's3:GetObject on StorageArchive/spans/*'].sort(),
      'replay-worker': [
        ...ofReplay,
        's3:GetObject on StorageArchive/spans/*',
        's3:GetObject on StorageRules/sets/*',
        's3:PutObject on StorageArchive/signals/*',
        'sns:Publish on PagerSignals',
      ].sort(),
      'replay-report': [...ofReplay, 's3:GetObject on StorageRules/sets/*'].sort(),
      ReplayMachineRole: [
        'lambda:InvokeFunction on ReplayPlanFunctionLambda',
        'lambda:InvokeFunction on ReplayReportFunctionLambda',
        'lambda:InvokeFunction on ReplayWorkerFunctionLambda',
        's3:AbortMultipartUpload on StorageArchive/replays/*',
        's3:GetObject on StorageArchive/replays/*',
        's3:ListMultipartUploadParts on StorageArchive/replays/*',
        's3:PutObject on StorageArchive/replays/*',
        'states:DescribeExecution on arn::states:::execution:ReplayMachine:*',
        'states:StartExecution on ReplayMachine',
        'states:StopExecution on arn::states:::execution:ReplayMachine:*',
      ],
      compactor: [
        's3:DeleteObject on StorageArchive/spans/*',
        's3:GetObject on StorageArchive/spans/*',
        's3:ListBucket on StorageArchive',
        's3:PutObject on StorageArchive/spans/*',
        'sqs:SendMessage on CompactorFailedRuns',
      ],
      'rule-seeding': [
        's3:DeleteObject on StorageRules/packs/*',
        's3:GetObject on StorageRules/current.json',
        's3:GetObject on StorageRules/sets/*',
        's3:ListBucket on StorageRules',
        's3:PutObject on StorageRules/current.json',
        's3:PutObject on StorageRules/packs/*',
        's3:PutObject on StorageRules/sets/*',
      ],
    })
  })

  test('runs on Node 24 and ARM, keeps its log for a month, is not traced', () => {
    const ours = ofType(stack, 'AWS::Lambda::Function').filter((one) => functionName(one) !== undefined)
    expect(ours).toHaveLength(12)
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
      evaluator: 950,
      experiments: 600,
      verdicts: 950,
      replay: 950,
      'replay-plan': 600,
      'replay-worker': 950,
      'replay-report': 950,
      compactor: 600,
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

  test('that cdk-nag finds is mended, or has a reason', () => {
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
    const alarms = ofType(stack, 'AWS::CloudWatch::Alarm').filter((alarm) => !isBrake(alarm))
    expect(alarms.length).toBeGreaterThanOrEqual(18)
    for (const { Properties } of alarms) {
      const [, anchor] = Properties.AlarmDescription.split('docs/runbook.md#')
      expect(headings).toContain(anchor)
      expect(Properties.AlarmActions).toHaveLength(1)
    }
  })

  test('of a metric that the functions count is about one of theirs', () => {
    const own = ofType(stack, 'AWS::CloudWatch::Alarm').filter(
      (alarm) => alarm.Properties.Namespace === 'betrace-main' && !isBrake(alarm),
    )
    const names = own.map(({ Properties }) => Properties.MetricName).sort()
    const counted = [
      'HoursNotCompacted',
      'ObjectsUnreadable',
      'PublishFailures',
      'RulesNotRevalidated',
      'RulesRejected',
      'SpansNotJudged',
      'TimerFailures',
      'TracesRescued',
      'VerdictsInconclusive',
    ]
    expect(names).toEqual(counted)
    for (const { Properties } of own) {
      const counts = /^(Hours|Objects)/.test(Properties.MetricName) ? 'compactor' : 'evaluator'
      expect(Properties.Dimensions).toEqual([{ Name: 'function', Value: counts }])
    }
  })
})

/** The brakes have names, so that stop conditions can be written before they are deployed. */
function isBrake({ Properties }: Resource): boolean {
  return Properties.AlarmName !== undefined
}

describe('the brakes', () => {
  test('are an alarm a severity, in alarm within a minute of a signal, fine without one, and page nobody', () => {
    const brakes = ofType(stack, 'AWS::CloudWatch::Alarm').filter(isBrake)
    expect(brakes.map(({ Properties }) => Properties.AlarmName)).toEqual(
      ['critical', 'high', 'medium', 'low', 'info'].map((severity) => `betrace-main-${severity}-signals`),
    )
    for (const { Properties } of brakes) {
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
  test('of AWS FIS are heard of by EventBridge, and what fails for good is set aside', () => {
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

test('no policy of a role allows an action by wildcard', () => {
  const actions = Object.values(permissionsOf(stack))
    .flat()
    .map((permission) => permission.split(' on ')[0])
  expect(actions.filter((action) => action?.includes('*'))).toEqual([])
})
