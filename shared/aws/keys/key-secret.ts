import { randomBytes } from 'node:crypto'
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import { InputError } from '../../errors.ts'
import { StorageError } from '../../pipeline/storage-error.ts'
import { asked } from '../aws-failure.ts'
import { GENERATED_KEY_NAME, type KeySecret, keyDigest, parseKeySecret } from './api-keys.ts'

/** The secret that holds a stack's API keys. */
export interface SecretPlace {
  readonly client: SecretsManagerClient
  readonly id: string
}

interface SecretVersion {
  readonly keys: KeySecret
  readonly version: string
}

/** A label of the secret: a version waits under it until it is known that nobody else wrote meanwhile. */
const WAITING = 'BETRACE_WAITING'
const CURRENT = 'AWSCURRENT'
const KEY_BYTES = 30
/** More than anybody rotates through; each request is compared with all of them. */
const MAX_ADDED_KEYS = 100
const KEY_NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/

/** Names of the keys that are valid, oldest first. */
export async function listKeys(place: SecretPlace): Promise<readonly string[]> {
  return namesOf((await readSecret(place)).keys)
}

/** The key generated at deploy, in plain text; undefined once it was revoked. */
export async function readGeneratedKey(place: SecretPlace): Promise<string | undefined> {
  return (await readSecret(place)).keys.generatedKey
}

/** Makes a key, stores its digest under a name, and returns the key, which nothing holds from then on. */
export async function addKey(place: SecretPlace, name: string): Promise<string> {
  if (!KEY_NAME.test(name)) {
    throw keyError(`a key cannot be named "${name}"`, 'use at most 63 lower-case letters, digits, ., _ and -')
  }
  const { keys, version } = await readSecret(place)
  if (name === GENERATED_KEY_NAME || namesOf(keys).includes(name)) {
    throw keyError(`there is a key named ${name}`, 'choose another name, or revoke that key first')
  }
  if (keys.addedKeys.length >= MAX_ADDED_KEYS) {
    throw keyError(`there are ${MAX_ADDED_KEYS} keys`, 'revoke those that no client sends')
  }
  const key = `bt_${randomBytes(KEY_BYTES).toString('base64url')}`
  const addedKeys = [...keys.addedKeys, { name, sha256: keyDigest(key) }]
  await replaceSecret(place, version, { ...keys, addedKeys })
  return key
}

/** Removes a key by name; the last one only where `evenLast`, since no client can send without. */
export async function revokeKey(place: SecretPlace, name: string, evenLast: boolean): Promise<void> {
  const { keys, version } = await readSecret(place)
  const names = namesOf(keys)
  if (!names.includes(name)) throw keyError(`no key is named ${name}`, `there are: ${names.join(', ') || 'none'}`)
  if (names.length === 1 && !evenLast) {
    throw keyError(`${name} is the last key: without it no client can send`, 'add another first, or say --last')
  }
  const addedKeys = keys.addedKeys.filter((added) => added.name !== name)
  const { generatedKey } = keys
  const kept = generatedKey === undefined || name === GENERATED_KEY_NAME ? {} : { generatedKey }
  await replaceSecret(place, version, { ...kept, addedKeys })
}

function namesOf({ generatedKey, addedKeys }: KeySecret): readonly string[] {
  const added = addedKeys.map(({ name }) => name)
  return generatedKey === undefined ? added : [GENERATED_KEY_NAME, ...added]
}

async function readSecret({ client, id }: SecretPlace): Promise<SecretVersion> {
  const get = new GetSecretValueCommand({ SecretId: id })
  const { SecretString = '', VersionId = '' } = await asked('read the keys', client.send(get))
  return { keys: parseKeySecret(SecretString), version: VersionId }
}

/**
 * Writes a version aside, then moves the label of the current one: Secrets Manager does that only while the version
 * that was read still has the label, so of two who change keys at once one is refused instead of undone.
 */
async function replaceSecret({ client, id }: SecretPlace, version: string, keys: KeySecret): Promise<void> {
  const put = new PutSecretValueCommand({ SecretId: id, SecretString: JSON.stringify(keys), VersionStages: [WAITING] })
  const { VersionId } = await asked('write the keys', client.send(put))
  const move = new UpdateSecretVersionStageCommand({
    SecretId: id,
    VersionStage: CURRENT,
    MoveToVersionId: VersionId,
    RemoveFromVersionId: version,
  })
  try {
    await client.send(move)
  } catch (cause) {
    if ((cause as Error).name !== 'InvalidParameterException') await asked('switch the keys', Promise.reject(cause))
    throw new StorageError('unavailable', 'somebody else changed the keys at the same time; nothing was changed', {
      cause,
      hint: 'run the command again',
    })
  }
}

function keyError(message: string, hint: string): InputError<'bad-key'> {
  return new InputError({ code: 'bad-key', message, hint })
}
