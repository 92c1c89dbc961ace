import { type Duration, RemovalPolicy } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { Architecture, Function as LambdaFunction, RecursiveLoop, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { ENVIRONMENT } from '../shared/aws/deployment.ts'
import { bundledCode } from './bundle.ts'
import { acknowledge, allow } from './permissions.ts'
import type { StackSettings } from './settings.ts'

/** What every construct of the stack is given. */
export interface StackContext {
  readonly settings: StackSettings
  /** A key of the account's own, where one is wanted. */
  readonly key: IKey | undefined
  /** CloudWatch namespace of the stack's metrics. */
  readonly namespace: string
}

export interface FunctionProps {
  /** The file in lambdas/, and the function's name in logs and metrics. */
  readonly handler: string
  readonly description: string
  readonly memoryMb: number
  readonly timeout: Duration
  readonly environment: Readonly<Partial<Record<keyof typeof ENVIRONMENT, string>>>
  /** Folders of the project that go into the bundle. */
  readonly folders?: readonly string[]
  /** It sends messages to the queue that invokes it; Lambda would stop that after 16 rounds. */
  readonly rearmsItself?: boolean
}

/** A function with a role and a log group of its own; the role may write that log and nothing else until told. */
export class BetraceFunction extends Construct {
  readonly function: LambdaFunction
  readonly role: Role

  constructor(scope: Construct, context: StackContext, props: FunctionProps) {
    super(scope, 'Function')
    const { settings, key } = context
    const logGroup = new LogGroup(this, 'Log', {
      retention: settings.logDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(key !== undefined && { encryptionKey: key }),
    })
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `BeTrace ${props.handler}: exactly what it calls`,
    })
    allow(this.role, ['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn])
    this.function = new LambdaFunction(this, 'Lambda', {
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: bundledCode(props.handler, props.folders),
      description: `BeTrace: ${props.description}`,
      memorySize: props.memoryMb,
      timeout: props.timeout,
      role: this.role,
      logGroup,
      tracing: settings.xray ? Tracing.ACTIVE : Tracing.DISABLED,
      recursiveLoop: props.rearmsItself === true ? RecursiveLoop.ALLOW : RecursiveLoop.TERMINATE,
      environment: environmentOf(props, context),
      ...(key !== undefined && { environmentEncryption: key }),
    })
    if (settings.xray) {
      acknowledge(this.role, 'IAM5[Resource::*]', 'X-Ray offers no resource to name; on only where the xray setting is')
    }
  }
}

function environmentOf(props: FunctionProps, context: StackContext): Record<string, string> {
  const own = Object.entries(props.environment).map(([name, value]) => [
    ENVIRONMENT[name as keyof typeof ENVIRONMENT],
    value,
  ])
  return {
    ...Object.fromEntries(own),
    [ENVIRONMENT.functionName]: props.handler,
    [ENVIRONMENT.metricNamespace]: context.namespace,
    POWERTOOLS_LOG_LEVEL: 'INFO',
  }
}
