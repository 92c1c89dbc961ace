import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import * as v from 'valibot'
import type { References } from '../../incidents/notify/references.ts'
import { asked } from '../aws-failure.ts'

const values = v.pipe(
  v.string(),
  v.parseJson(),
  v.record(v.string(), v.union([v.string(), v.record(v.string(), v.string())])),
)
type SecretValues = v.InferOutput<typeof values>

/**
 * References of a file of receivers on a stack: `${secret:NAME}` is the text NAME in the JSON of the stack's one secret,
 * `${secret:NAME/FIELD}` a field of an object there, or the text `NAME/FIELD`. The secret is read once.
 */
export function stackReferences(client: SecretsManagerClient, secretId: string): References {
  let reading: Promise<SecretValues> | undefined
  return {
    env: () => undefined,
    file: () => Promise.reject(new Error('a stack reads no files, only its secret')),
    async secret(name, field) {
      reading ??= readValues(client, secretId)
      const value = valueIn(await reading, name, field)
      if (value === undefined) throw new Error('the secret of the stack does not hold it')
      return value
    },
  }
}

async function readValues(client: SecretsManagerClient, SecretId: string): Promise<SecretValues> {
  const { SecretString = '' } = await asked(
    'read the secret of receivers',
    client.send(new GetSecretValueCommand({ SecretId })),
  )
  const read = v.safeParse(values, SecretString)
  // Never with what it holds.
  if (!read.success) throw new Error('the secret of the stack is not JSON of texts by name')
  return read.output
}

function valueIn(all: SecretValues, name: string, field: string | undefined): string | undefined {
  const value = Object.hasOwn(all, name) ? all[name] : undefined
  if (field === undefined) return typeof value === 'string' ? value : undefined
  if (typeof value === 'object') return Object.hasOwn(value, field) ? value[field] : undefined
  const whole = `${name}/${field}`
  const text = Object.hasOwn(all, whole) ? all[whole] : undefined
  return typeof text === 'string' ? text : undefined
}
