import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { StorageError } from '../pipeline/storage-error.ts'
import { asked } from './aws-failure.ts'

/** A function may run for a quarter of an hour before it answers. */
const ANSWER_MS = 16 * 60_000

/** Invokes a function of a stack and waits for its answer; once, for it might have begun. `what` says what it does. */
export async function invoke<Answer>(what: string, FunctionName: string, event: object): Promise<Answer> {
  const client = new LambdaClient({ maxAttempts: 1, requestHandler: { requestTimeout: ANSWER_MS } })
  try {
    const command = new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) })
    const { Payload, FunctionError } = await asked(what, client.send(command))
    const text = Buffer.from(Payload ?? []).toString()
    if (FunctionError === undefined) return JSON.parse(text) as Answer
    const { errorMessage = text } = JSON.parse(text) as { readonly errorMessage?: string }
    throw new StorageError('unavailable', `cannot ${what}: ${errorMessage}`)
  } finally {
    client.destroy()
  }
}
