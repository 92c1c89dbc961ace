import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { StorageError } from '../../pipeline/storage-error.ts'
import { asked } from '../aws-failure.ts'
import {
  findCurrentSet,
  RULE_KEYS,
  type RulesBucket,
  type StoredRuleFile,
  setsBefore,
  switchRuleSet,
  writeRuleSet,
} from './rule-sets.ts'

/** Somebody may push rules while a deploy is under way, but hardly more than once. */
const SWITCH_ATTEMPTS = 5

/**
 * Puts a release's packs in force: replaces what lies under packs/, and switches to a set of these packs and of the
 * own/ files that are in force. Nothing under own/ is written or deleted. Returns the id of the set.
 */
export async function seedPacks(bucket: RulesBucket, packs: readonly StoredRuleFile[]): Promise<string> {
  const kept = new Set(packs.map(({ file }) => file))
  for (const { file, text } of packs) {
    await asked(
      'write a pack',
      bucket.client.send(new PutObjectCommand({ Bucket: bucket.name, Key: file, Body: text })),
    )
  }
  for (const Key of await packKeys(bucket)) {
    if (kept.has(Key)) continue
    await asked('delete a pack', bucket.client.send(new DeleteObjectCommand({ Bucket: bucket.name, Key })))
  }
  for (let attempt = 0; attempt < SWITCH_ATTEMPTS; attempt++) {
    const current = await findCurrentSet(bucket)
    const own = current?.files.filter(({ file }) => !file.startsWith(RULE_KEYS.packs)) ?? []
    const id = await writeRuleSet(bucket, [...packs, ...own])
    if (id === current?.id || (await switchRuleSet(bucket, id, current?.etag, setsBefore(current)))) return id
  }
  throw new StorageError('unavailable', 'the rules were switched by others again and again')
}

async function packKeys({ client, name }: RulesBucket): Promise<readonly string[]> {
  const keys: string[] = []
  let token: string | undefined
  do {
    const list = new ListObjectsV2Command({ Bucket: name, Prefix: RULE_KEYS.packs, ContinuationToken: token })
    const output = await asked('list the packs', client.send(list))
    keys.push(...(output.Contents ?? []).map(({ Key = '' }) => Key))
    token = output.NextContinuationToken
  } while (token !== undefined)
  return keys
}
