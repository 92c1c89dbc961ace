import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { InputError } from '../../errors.ts'
import { StorageError } from '../../pipeline/storage-error.ts'
import { checkRules } from '../../rules/check/check.ts'
import type { RuleProblem } from '../../rules/problem.ts'
import type { More } from '../../rules/read/listing.ts'
import { asked } from '../aws-failure.ts'
import {
  type CurrentSet,
  findCurrentSet,
  RULE_KEYS,
  type RulesBucket,
  readSetFiles,
  type StoredRuleFile,
  setsBefore,
  switchRuleSet,
  writeRuleSet,
} from './rule-sets.ts'

/** Others may push or deploy at the same time, but hardly again and again. */
const SWITCH_ATTEMPTS = 5
const ID = /^[0-9a-f]{8,64}$/

export interface RulePush {
  /** Named under own/, as they are to lie in the bucket. */
  readonly files: readonly StoredRuleFile[]
  /** Remove own files that are not among these. */
  readonly prune: boolean
}

/** The whole set that a push makes, what is wrong with it, and its id once it is in force. */
export interface PushOutcome {
  readonly files: readonly StoredRuleFile[]
  /** The first of them. */
  readonly problems: readonly RuleProblem[]
  /** Those that are not among these. */
  readonly more: More
  readonly ruleCount: number
  /** Undefined where problems kept it out. */
  readonly id?: string
  readonly removed: readonly string[]
}

/**
 * Puts files in force beside the packs and the own files that are in force: checks the whole set, writes it, switches
 * to it in one step, and only then copies it to own/ for people to read. A set with any problem changes nothing.
 */
export async function pushRules(bucket: RulesBucket, push: RulePush): Promise<PushOutcome> {
  for (let attempt = 0; attempt < SWITCH_ATTEMPTS; attempt++) {
    const current = await findCurrentSet(bucket)
    const merged = mergedWith(current?.files ?? [], push)
    const { problems, more, ruleCount } = checkRules(merged.files)
    if (problems.length > 0) return { ...merged, problems, more, ruleCount }
    const id = await writeRuleSet(bucket, merged.files)
    if (id === current?.id || (await switchRuleSet(bucket, id, current?.etag, setsBefore(current)))) {
      await copyOwnFiles(bucket, merged.files)
      return { ...merged, problems, more, ruleCount, id }
    }
  }
  throw new StorageError('unavailable', 'the rules were switched by others again and again')
}

function mergedWith(current: readonly StoredRuleFile[], { files, prune }: RulePush) {
  const named = new Set(files.map(({ file }) => file))
  const others = current.filter(({ file }) => !named.has(file))
  const removed = prune ? others.map(({ file }) => file).filter((file) => file.startsWith(RULE_KEYS.own)) : []
  return { files: [...others.filter(({ file }) => !removed.includes(file)), ...files], removed }
}

export interface Rollback {
  readonly from: string
  readonly to: string
  readonly files: readonly StoredRuleFile[]
}

/**
 * Puts the set before the current one in force again, or one by its id (or how it begins, 8 digits at least); refuses
 * if rules are switched meanwhile. Further rollbacks without an id go further back.
 */
export async function rollbackRules(bucket: RulesBucket, id: string | undefined): Promise<Rollback> {
  const current = await currentRules(bucket)
  const to = id === undefined ? current.earlier[0] : await fullId(bucket, id)
  if (to === undefined) {
    throw setError('no set was in force before this one', 'push other rules, or name a set by its id')
  }
  const files = await readSetFiles(bucket, to)
  const earlier = id === undefined ? current.earlier.slice(1) : setsBefore(current)
  if (to === current.id) throw setError(`the set ${to.slice(0, 12)} is in force already`, 'see betrace rules list')
  if (!(await switchRuleSet(bucket, to, current.etag, earlier))) {
    throw new StorageError('unavailable', 'somebody else switched the rules at the same time; nothing was changed')
  }
  await copyOwnFiles(bucket, files)
  return { from: current.id, to, files }
}

async function fullId(bucket: RulesBucket, id: string): Promise<string> {
  if (!ID.test(id))
    throw setError(`"${id}" is not the id of a set`, 'give 8 to 64 hex digits, as betrace rules list shows them')
  const found = (await keysUnder(bucket, `${RULE_KEYS.sets}${id}`)).map((key) => key.slice(RULE_KEYS.sets.length, -5))
  if (found.length === 1 && found[0] !== undefined) return found[0]
  throw setError(`${found.length === 0 ? 'no' : 'more than one'} set begins with ${id}`, 'see betrace rules list')
}

/** Makes own/ look like the set in force; what is judged is the set alone, so this may be cut short and repeated. */
async function copyOwnFiles(bucket: RulesBucket, files: readonly StoredRuleFile[]): Promise<void> {
  const own = files.filter(({ file }) => file.startsWith(RULE_KEYS.own))
  for (const { file, text } of own) {
    const put = new PutObjectCommand({ Bucket: bucket.name, Key: file, Body: text, ContentType: 'text/plain' })
    await asked('copy the rules to own/', bucket.client.send(put))
  }
  const kept = new Set(own.map(({ file }) => file))
  for (const Key of await keysUnder(bucket, RULE_KEYS.own)) {
    if (kept.has(Key)) continue
    const remove = new DeleteObjectCommand({ Bucket: bucket.name, Key })
    await asked('remove old rules from own/', bucket.client.send(remove))
  }
}

async function keysUnder({ client, name }: RulesBucket, Prefix: string): Promise<readonly string[]> {
  const keys: string[] = []
  let token: string | undefined
  do {
    const list = new ListObjectsV2Command({ Bucket: name, Prefix, ContinuationToken: token })
    const output = await asked('list the rules', client.send(list))
    keys.push(...(output.Contents ?? []).map(({ Key = '' }) => Key))
    token = output.NextContinuationToken
  } while (token !== undefined)
  return keys
}

function setError(message: string, hint: string): InputError<'bad-rule-set'> {
  return new InputError({ code: 'bad-rule-set', message, hint })
}

/** The set in force, or an InputError if no set is in force. */
export async function currentRules(bucket: RulesBucket): Promise<CurrentSet> {
  const current = await findCurrentSet(bucket)
  if (current === undefined) throw setError('no rules are in force', 'deploy the stack, or push rules')
  return current
}
