import { DescribeExecutionCommand, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn'
import { asked } from '../aws-failure.ts'

/** The state machine that large replays run on. */
export interface ReplayMachine {
  readonly client: SFNClient
  readonly arn: string
}

/** The state of an execution; `failed` carries the reason that Step Functions gives. */
export type ExecutionState =
  | { readonly state: 'running' }
  | { readonly state: 'ended' }
  | { readonly state: 'failed'; readonly reason: string }

/** Starts the execution of a run and returns its ARN; starting the same again changes nothing. */
export async function startExecution({ client, arn }: ReplayMachine, runId: string): Promise<string> {
  const start = new StartExecutionCommand({ stateMachineArn: arn, name: runId, input: JSON.stringify({ run: runId }) })
  const { executionArn } = await asked('start the replay', client.send(start))
  return executionArn ?? executionArnOf(arn, runId)
}

/** Undefined where no such execution exists. */
export async function describeExecution(
  { client, arn }: ReplayMachine,
  runId: string,
): Promise<ExecutionState | undefined> {
  const describe = new DescribeExecutionCommand({ executionArn: executionArnOf(arn, runId) })
  try {
    const { status, error = '', cause = '' } = await client.send(describe)
    if (status === 'RUNNING' || status === 'PENDING_REDRIVE') return { state: 'running' }
    if (status === 'SUCCEEDED') return { state: 'ended' }
    return { state: 'failed', reason: [status, error, cause].filter((part) => part).join(': ') }
  } catch (failure) {
    if ((failure as Error).name === 'ExecutionDoesNotExist') return undefined
    return asked('ask for the state of the replay', Promise.reject(failure))
  }
}

function executionArnOf(machineArn: string, runId: string): string {
  return `${machineArn.replace(':stateMachine:', ':execution:')}:${runId}`
}
