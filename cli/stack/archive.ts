import type { ObjectStore } from '../../shared/archive/object-store.ts'
import type { StackOutputs } from '../../shared/aws/admin/stack-outputs.ts'
import { s3ObjectStore } from '../../shared/aws/archive/s3-object-store.ts'
import { s3Client } from '../../shared/aws/clients.ts'
import { OUTPUTS } from '../../shared/aws/deployment.ts'
import { keyPatternsIn } from '../../shared/catalogue/key-pattern.ts'
import { CommandError } from '../command-error.ts'
import { outputsOf } from './stack-option.ts'

/** The archive of a deployed stack. */
export async function archiveOfStack(stack: string): Promise<ObjectStore> {
  return storeOf(await outputsOf({ stack }))
}

/** The same by the outputs of the stack; what is written there redacts the keys that the stack's settings name. */
export function storeOf({ archiveBucket, redactedKeys }: StackOutputs, client = s3Client()): ObjectStore {
  const redact = keyPatternsIn(redactedKeys)
  if (redact !== undefined) return s3ObjectStore({ client, name: archiveBucket }, redact)
  throw new CommandError(`the output ${OUTPUTS.redactedKeys} of the stack is not a list of keys`, 'deploy it again')
}
