import type { NotifyBucket } from '../../shared/aws/incidents/s3-notify-source.ts'
import type { References } from '../../shared/incidents/notify/references.ts'
import type { Send } from '../../shared/incidents/receivers/receiver.ts'
import { CommandError } from '../command-error.ts'
import { outputsOf, type StackChoice } from './stack-option.ts'

/** Where the file of receivers of a deployed stack lies, and what it refers to. */
interface NotifyStack {
  readonly bucket: NotifyBucket
  readonly references: References
}

/** Looks up where a deployed stack keeps its file of receivers and their values. */
export async function notifyStack(choice: StackChoice): Promise<NotifyStack> {
  const { rulesBucket, notifySecret } = await outputsOf(choice)
  const { s3Client, secretsClient } = await import('../../shared/aws/clients.ts')
  const { stackReferences } = await import('../../shared/aws/incidents/stack-references.ts')
  return {
    bucket: { client: s3Client(), name: rulesBucket },
    references: stackReferences(secretsClient(), notifySecret),
  }
}

/** The file of receivers in force at a stack; a CommandError where none was pushed. */
export async function notifyTextOf({ bucket }: NotifyStack, { stack }: StackChoice): Promise<string> {
  const { readNotifyObject } = await import('../../shared/aws/incidents/s3-notify-source.ts')
  const object = await readNotifyObject(bucket)
  if (object !== undefined) return object.text
  throw new CommandError(`${stack} has no file of receivers`, 'put one in force: betrace notify push notify.yaml')
}

/** Sends requests of receivers from this machine, those to topics and event buses with its AWS credentials. */
export async function sendFromHere(http: Send): Promise<Send> {
  const { awsSend } = await import('../../shared/aws/incidents/aws-send.ts')
  const { eventBridgeClient, snsClient } = await import('../../shared/aws/clients.ts')
  return awsSend({ http, sns: snsClient(), events: eventBridgeClient() })
}
