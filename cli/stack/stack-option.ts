import { Option } from 'commander'
import type { StackOutputs } from '../../shared/aws/admin/stack-outputs.ts'

/** What every command on a deployed stack is given. */
export interface StackChoice {
  readonly stack: string
}

/** The stack that a command works on; `betrace-main` is what `cdk deploy` makes without settings. */
export function stackOption(): Option {
  return new Option('-s, --stack <name>', 'the deployed stack').env('BETRACE_STACK').default('betrace-main')
}

/** Reads the outputs of the stack; the AWS clients are loaded by those who need them. */
export async function outputsOf({ stack }: StackChoice): Promise<StackOutputs> {
  const { readStackOutputs } = await import('../../shared/aws/admin/stack-outputs.ts')
  return readStackOutputs(stack)
}

/** The help's last lines: where region and login come from. */
export const AWS_HELP =
  '\nRegion and credentials: as the AWS CLI takes them (AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID …).'
