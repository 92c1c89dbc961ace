import { type CfnElement, Duration, Stack } from 'aws-cdk-lib'
import { Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import { SPANS_PREFIX } from '../shared/archive/object-key.ts'
import { SIGNALS_PREFIX } from '../shared/archive/signal-objects.ts'
import { REPLAYS_PREFIX } from '../shared/aws/replay/replay-runs.ts'
import { RULE_KEYS } from '../shared/aws/rules/rule-sets.ts'
import type { EvaluatorFunction } from './evaluator.ts'
import { BetraceFunction, type FunctionProps, type StackContext } from './lambda-function.ts'
import { ALARM_PERIOD, type Pager } from './pager.ts'
import { acknowledge, allow, allowKey, allowUnder } from './permissions.ts'
import { replayMachine } from './replay-machine.ts'
import type { Storage } from './storage.ts'

/** A share is read and judged in some ten seconds; a slow one is cut off here and tried again. */
const WORKER_TIMEOUT = Duration.minutes(15)
const PLAN_TIMEOUT = Duration.minutes(15)
/** Whoever asks waits for it. */
const ANSWER_TIMEOUT = Duration.minutes(2)
/** One processor, and room for the largest item of a plan. */
const MEMORY_MB = 1769

/** Judges archived traces again: a function that answers small ranges at once, and a state machine for large ones. */
export class ReplayFunctions extends Construct {
  readonly replay: BetraceFunction
  readonly worker: BetraceFunction

  constructor(scope: Construct, context: StackContext, storage: Storage, evaluator: EvaluatorFunction, pager: Pager) {
    super(scope, 'Replay')
    const common = {
      memoryMb: MEMORY_MB,
      environment: {
        archiveBucket: storage.archive.bucketName,
        rulesBucket: storage.rules.bucketName,
        signalTopic: pager.signals.topicArn,
        judging: evaluator.judging,
      },
    }
    const step = (id: string, props: Pick<FunctionProps, 'handler' | 'description' | 'timeout'>) =>
      new BetraceFunction(new Construct(this, id), context, { ...common, ...props })
    const plan = step('Plan', {
      handler: 'replay-plan',
      description: 'plans a large replay',
      timeout: PLAN_TIMEOUT,
    })
    this.worker = step('Worker', {
      handler: 'replay-worker',
      description: 'judges one share of a large replay',
      timeout: WORKER_TIMEOUT,
    })
    const { worker } = this
    const report = step('Report', {
      handler: 'replay-report',
      description: 'adds up what the workers of a large replay found',
      timeout: WORKER_TIMEOUT,
    })
    const machine = this.machine(context, storage, { plan, worker, report })
    this.replay = new BetraceFunction(this, context, {
      ...common,
      handler: 'replay',
      description: 'replays archived traces by any rule',
      timeout: ANSWER_TIMEOUT,
      environment: { ...common.environment, replayMachine: machine.attrArn },
    })
    this.permissions(context, storage, pager, { plan, worker, report })
    const { role } = this.replay
    allow(role, ['states:StartExecution'], [machine.attrArn])
    allow(role, ['states:DescribeExecution'], [executionsOf(machine)])
    acknowledge(
      role,
      executionsFinding(machine),
      'executions of this state machine, whose names are made as they start',
    )
    this.alarms(pager, machine)
  }

  private permissions(context: StackContext, storage: Storage, pager: Pager, steps: Steps): void {
    const { archive, rules } = storage
    for (const { role } of [this.replay, ...Object.values(steps)]) {
      // Keys are listed by bucket; what may be read is a matter of prefixes.
      allow(role, ['s3:ListBucket'], [archive.bucketArn])
      allowUnder(role, ['s3:GetObject', 's3:PutObject'], archive, [REPLAYS_PREFIX])
      allowKey(role, context.key, 'send')
    }
    for (const { role } of [this.replay, steps.plan, steps.worker]) {
      allowUnder(role, ['s3:GetObject'], archive, [SPANS_PREFIX])
    }
    for (const { role } of [this.replay, steps.worker]) {
      allowUnder(role, ['s3:PutObject'], archive, [SIGNALS_PREFIX])
      allow(role, ['sns:Publish'], [pager.signals.topicArn])
    }
    for (const { role } of [this.replay, steps.worker, steps.report]) {
      allowUnder(role, ['s3:GetObject'], rules, [RULE_KEYS.sets])
    }
    allow(this.replay.role, ['s3:GetObject'], [rules.arnForObjects(RULE_KEYS.pointer)])
  }

  private machine(context: StackContext, { archive }: Storage, steps: Steps): CfnStateMachine {
    const { settings, key } = context
    const role = new Role(this, 'MachineRole', {
      assumedBy: new ServicePrincipal('states.amazonaws.com'),
      description: 'BeTrace replay: calls its functions, reads its manifest, writes its results',
    })
    const functions = [steps.plan, steps.worker, steps.report].map((one) => one.function.functionArn)
    allow(role, ['lambda:InvokeFunction'], functions)
    allowUnder(
      role,
      ['s3:GetObject', 's3:PutObject', 's3:ListMultipartUploadParts', 's3:AbortMultipartUpload'],
      archive,
      [REPLAYS_PREFIX],
    )
    allowKey(role, key, 'send')
    const machine = new CfnStateMachine(this, 'Machine', {
      roleArn: role.roleArn,
      stateMachineType: 'STANDARD',
      definitionString: Stack.of(this).toJsonString(
        replayMachine({
          plan: steps.plan.function.functionArn,
          worker: steps.worker.function.functionArn,
          report: steps.report.function.functionArn,
          archiveBucket: archive.bucketName,
          partition: Stack.of(this).partition,
          concurrency: settings.replayConcurrency,
        }),
      ),
      tracingConfiguration: { enabled: settings.xray },
    })
    machine.node.addDependency(role)
    this.allowChildren(role, machine)
    acknowledge(machine, 'SF1', 'the report says what failed, the functions log why, and executions keep their history')
    acknowledge(machine, 'SF2', 'traced where the xray setting is on')
    if (settings.xray) {
      const actions = ['PutTraceSegments', 'PutTelemetryRecords', 'GetSamplingRules', 'GetSamplingTargets']
      allow(
        role,
        actions.map((action) => `xray:${action}`),
        ['*'],
      )
      acknowledge(role, 'IAM5[Resource::*]', 'X-Ray offers no resource to name; on only where the xray setting is')
    }
    return machine
  }

  /** A distributed map starts its workers as executions of its own; a policy apart, for the machine needs the role first. */
  private allowChildren(role: Role, machine: CfnStateMachine): void {
    const children = new PolicyStatement({ actions: ['states:StartExecution'], resources: [machine.attrArn] })
    const own = new PolicyStatement({
      actions: ['states:DescribeExecution', 'states:StopExecution'],
      resources: [executionsOf(machine)],
    })
    const policy = new Policy(this, 'ChildrenPolicy', { statements: [children, own], roles: [role] })
    acknowledge(policy, executionsFinding(machine), 'executions of this state machine, which it starts itself')
  }

  private alarms(pager: Pager, machine: CfnStateMachine): void {
    const sum = { period: ALARM_PERIOD, statistic: 'Sum' }
    pager.alarm(this, 'Errors', {
      heading: 'The replay function fails',
      metric: this.replay.function.metricErrors(sum),
      threshold: 1,
    })
    for (const [id, metricName] of [
      ['Failed', 'ExecutionsFailed'],
      ['TimedOut', 'ExecutionsTimedOut'],
    ] as const) {
      pager.alarm(this, id, {
        heading: 'A large replay fails',
        metric: new Metric({
          namespace: 'AWS/States',
          metricName,
          dimensionsMap: { StateMachineArn: machine.attrArn },
          ...sum,
        }),
        threshold: 1,
      })
    }
  }
}

interface Steps {
  readonly plan: BetraceFunction
  readonly worker: BetraceFunction
  readonly report: BetraceFunction
}

/** `arn:…:execution:NAME:*` */
function executionsOf(machine: CfnStateMachine): string {
  const { partition, region, account } = Stack.of(machine)
  return `arn:${partition}:states:${region}:${account}:execution:${machine.attrName}:*`
}

function executionsFinding(machine: CfnStateMachine): string {
  const id = Stack.of(machine).getLogicalId(machine as CfnElement)
  return `IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:<${id}.Name>:*]`
}
