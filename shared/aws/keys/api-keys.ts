import { createHash, timingSafeEqual } from 'node:crypto'
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import * as v from 'valibot'
import type { Clock, Log } from '../../pipeline/ports.ts'
import { StorageError } from '../../pipeline/storage-error.ts'
import { asked } from '../aws-failure.ts'

/** The secret: the key generated at deploy, until it is revoked, and the SHA-256 (hex) of every key added since. */
const keySecret = v.object({
  generatedKey: v.optional(v.pipe(v.string(), v.minLength(16))),
  addedKeys: v.optional(
    v.array(v.object({ name: v.string(), sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) })),
    [],
  ),
})
export type KeySecret = v.InferOutput<typeof keySecret>

/** Under this name the generated key is listed and revoked. */
export const GENERATED_KEY_NAME = 'generated'

/** Keys are read again after this time; it is the longest that a revoked key goes on working. */
const CACHED_MS = 60_000
/** While Secrets Manager cannot be asked, known keys stay good so long: spans are lost otherwise. */
const STALE_MS = 15 * 60_000
const ASK_AGAIN_MS = 5_000

interface AcceptedKey {
  readonly name: string
  readonly digest: Buffer
}

/** Parses the secret's text; StorageError `corrupt` if it is not a key secret (never with its content). */
export function parseKeySecret(text: string): KeySecret {
  try {
    const secret: unknown = JSON.parse(text)
    // A list passes for an object without keys: every client would learn that its key is wrong, and drop its spans.
    return v.parse(keySecret, Array.isArray(secret) ? undefined : secret)
  } catch {
    throw new StorageError('corrupt', 'the key secret is not readable', { hint: 'see "Keys" in docs/security.md' })
  }
}

/** SHA-256 of a key, as the secret keeps it. */
export function keyDigest(key: string): string {
  return createHash('sha256').update(key, 'utf8').digest('hex')
}

/** The keys that clients may send. */
export class ApiKeys {
  private readonly client: SecretsManagerClient
  private readonly secretId: string
  private readonly clock: Clock
  private readonly log: Log
  private accepted: readonly AcceptedKey[] | undefined
  private freshUntilMs = 0
  private staleUntilMs = 0

  constructor(client: SecretsManagerClient, secretId: string, clock: Clock, log: Log) {
    this.client = client
    this.secretId = secretId
    this.clock = clock
    this.log = log
  }

  /** The name of the key, or undefined if no such key exists. Takes the same time for any key. */
  async nameOf(key: string): Promise<string | undefined> {
    const digest = Buffer.from(keyDigest(key), 'hex')
    let found: string | undefined
    for (const accepted of await this.current()) {
      if (timingSafeEqual(accepted.digest, digest)) found = accepted.name
    }
    return found
  }

  private async current(): Promise<readonly AcceptedKey[]> {
    const nowMs = this.clock()
    if (this.accepted !== undefined && nowMs < this.freshUntilMs) return this.accepted
    try {
      this.accepted = await this.read()
      this.freshUntilMs = nowMs + CACHED_MS
      this.staleUntilMs = nowMs + STALE_MS
      return this.accepted
    } catch (failure) {
      if (this.accepted === undefined || nowMs >= this.staleUntilMs) throw failure
      this.log('error', 'keys not refreshed, those known stay good', { reason: String(failure) })
      this.freshUntilMs = Math.min(nowMs + ASK_AGAIN_MS, this.staleUntilMs)
      return this.accepted
    }
  }

  private async read(): Promise<readonly AcceptedKey[]> {
    const get = new GetSecretValueCommand({ SecretId: this.secretId })
    const { SecretString } = await asked('read the keys', this.client.send(get))
    const { generatedKey, addedKeys } = parseKeySecret(SecretString ?? '')
    const added = addedKeys.map(({ name, sha256 }) => ({ name, digest: Buffer.from(sha256, 'hex') }))
    if (generatedKey === undefined) return added
    return [{ name: GENERATED_KEY_NAME, digest: Buffer.from(keyDigest(generatedKey), 'hex') }, ...added]
  }
}
