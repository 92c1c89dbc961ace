import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation'
import { InputError } from '../../errors.ts'
import { asked } from '../aws-failure.ts'
import { OUTPUTS } from '../deployment.ts'

/** The outputs of a deployed stack. */
export type StackOutputs = Readonly<Record<keyof typeof OUTPUTS, string>>

/**
 * Reads the outputs of a deployed stack from CloudFormation. Region, credentials and endpoint come from the standard
 * environment variables and profiles. An InputError says what to do if the stack, region or login is missing.
 */
export async function readStackOutputs(name: string): Promise<StackOutputs> {
  const [stack] = (await described(name)).Stacks ?? []
  const values = new Map((stack?.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]))
  const missing = Object.values(OUTPUTS).filter((output) => !values.get(output))
  if (missing.length > 0) throw noOutputs(name, stack, missing)
  return Object.fromEntries(
    Object.entries(OUTPUTS).map(([key, output]) => [key, values.get(output)]),
  ) as unknown as StackOutputs
}

async function described(StackName: string): Promise<{ readonly Stacks?: readonly Stack[] | undefined }> {
  try {
    const client = new CloudFormationClient({ maxAttempts: 3 })
    const output = await client.send(new DescribeStacksCommand({ StackName }))
    client.destroy()
    return output
  } catch (cause) {
    const { name = '', message = '' } = cause as Error
    if (/does not exist/.test(message)) {
      throw new InputError({
        code: 'no-such-stack',
        message: `no stack is named ${StackName} in this account and region`,
        hint: 'name it with --stack, or choose the region with AWS_REGION; npx cdk deploy makes it',
      })
    }
    if (/Region is missing/.test(message)) {
      throw new InputError({ code: 'no-region', message: 'no AWS region is chosen', hint: 'set AWS_REGION' })
    }
    if (/Credential|ExpiredToken|Token.*expired/i.test(`${name} ${message}`)) {
      throw new InputError({
        code: 'no-credentials',
        message: 'AWS credentials are missing or have expired',
        hint: 'log in (aws sso login) and set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
      })
    }
    return asked(`read the stack ${StackName}`, Promise.reject(cause))
  }
}

function noOutputs(name: string, stack: Stack | undefined, missing: readonly string[]): InputError<'not-deployed'> {
  const state = stack?.StackStatus ?? 'unknown'
  return new InputError({
    code: 'not-deployed',
    message: `the stack ${name} (${state}) has no output ${missing.join(', ')}`,
    hint: 'wait until it is deployed, or deploy it again with this release',
  })
}
