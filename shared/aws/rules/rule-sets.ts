import { createHash } from 'node:crypto'
import { GetObjectCommand, type GetObjectCommandOutput, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import * as v from 'valibot'
import { StorageError } from '../../pipeline/storage-error.ts'

import type { ReadSource } from '../../rules/check/check.ts'
import type { RuleProblemCode } from '../../rules/problem.ts'
import { SEVERITIES } from '../../rules/read/header.ts'
import { type PlainPack, plainPack, readPlainPack } from '../../rules/read/plain-pack.ts'
import { isPack } from '../../rules/read/read.ts'
import { readRuleFile } from '../../rules/read/rule-file.ts'
import { asked, storageFailure } from '../aws-failure.ts'

/*
 * The rules bucket: packs/ is what a deploy brings and replaces, own/ is what people pushed; both are there to be
 * read by people. What is judged is a set: one immutable object with the text of all its files, named by its content.
 * One pointer says which set is in force, so that rules change all at once and back again.
 */
export const RULE_KEYS = { pointer: 'current.json', sets: 'sets/', packs: 'packs/', own: 'own/' } as const

/** A rule file in a set; `file` is its key in the bucket, `packs/…` or `own/…`. */
export interface StoredRuleFile {
  readonly file: string
  /** As it was written, comments and all. */
  readonly text: string
  /** What a YAML pack says, for functions that have no YAML; `writeRuleSet` adds it. */
  readonly pack?: PlainPack | undefined
}

/** A set with its files. */
export interface CurrentSet extends Pointer {
  readonly files: readonly StoredRuleFile[]
}

export interface RulesBucket {
  readonly client: S3Client
  readonly name: string
}

/** 10,000 rules of a kilobyte; a set larger than this is a mistake that would slow every cold start. */
export const MAX_SET_BYTES = 32 * 1024 * 1024

/** How many earlier sets a rollback can find without being given an id. */
const EARLIER_SETS = 20

const setId = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const pointerSchema = v.object({ set: setId, earlier: v.optional(v.array(setId), []) })
const position = v.object({ offset: v.number(), line: v.number(), column: v.number() })
const range = v.object({ start: position, end: position })
const problem = v.object({
  code: v.custom<RuleProblemCode>((code) => typeof code === 'string'),
  message: v.string(),
  hint: v.string(),
  range,
})
const metadata = v.object({
  description: v.exactOptional(v.string()),
  runbook: v.exactOptional(v.string()),
  owner: v.exactOptional(v.string()),
  tags: v.array(v.string()),
  mode: v.picklist(['live', 'shadow']),
})
const body = v.object({ severity: v.picklist(SEVERITIES), metadata, condition: v.string(), range })
const plainPackSchema = v.object({
  rules: v.array(
    v.object({
      name: v.optional(v.string()),
      nameRange: range,
      rule: v.optional(body),
      problems: v.array(problem),
    }),
  ),
  problems: v.array(problem),
})
const setSchema = v.object({
  files: v.array(
    v.pipe(
      v.object({ file: v.string(), text: v.string(), pack: v.optional(plainPackSchema) }),
      v.check(({ file, pack }) => isPack(file) === (pack !== undefined)),
    ),
  ),
})

/** Which set is in force, and the ETag that shows a later reader or writer whether it still is. */
export interface Pointer {
  readonly id: string
  readonly etag: string
  /** Sets that were in force before, the last one first. */
  readonly earlier: readonly string[]
}

/** What was in force before the next set, once this one is replaced. */
export function setsBefore(current: Pointer | undefined): readonly string[] {
  return current === undefined ? [] : [current.id, ...current.earlier].slice(0, EARLIER_SETS)
}

/** The pointer to the set in force. */
export async function readPointer(bucket: RulesBucket): Promise<Pointer> {
  return pointerIn(await asked('read which rules are in force', getPointer(bucket)))
}

/** The pointer, or undefined while it still has this ETag. */
export async function readPointerIfChanged(bucket: RulesBucket, etag: string): Promise<Pointer | undefined> {
  const output = await asked('read which rules are in force', unlessUnchanged(getPointer(bucket, etag)))
  return output === undefined ? undefined : pointerIn(output)
}

function getPointer(bucket: RulesBucket, knownEtag?: string): Promise<GetObjectCommandOutput> {
  const condition = knownEtag === undefined ? {} : { IfNoneMatch: knownEtag }
  return bucket.client.send(new GetObjectCommand({ Bucket: bucket.name, Key: RULE_KEYS.pointer, ...condition }))
}

async function pointerIn(output: GetObjectCommandOutput): Promise<Pointer> {
  const { set, earlier } = parsed(pointerSchema, await textOf(output), RULE_KEYS.pointer)
  return { id: set, etag: output.ETag ?? '', earlier }
}

/** The files of a set, whose content must be what its name says. */
export async function readSetFiles(bucket: RulesBucket, id: string): Promise<readonly StoredRuleFile[]> {
  const Key = setKey(id)
  const output = await asked('read the rules', bucket.client.send(new GetObjectCommand({ Bucket: bucket.name, Key })))
  if ((output.ContentLength ?? 0) > MAX_SET_BYTES) throw corrupt(Key, `is larger than ${MAX_SET_BYTES} bytes`)
  const text = await textOf(output)
  if (digestOf(text) !== id) throw corrupt(Key, 'is not what was written')
  return parsed(setSchema, text, Key).files
}

/** The rules of a set's files, to be checked. */
export function readSet(files: readonly StoredRuleFile[]): readonly ReadSource[] {
  return files.map(({ file, text, pack }) => ({
    file,
    read: pack === undefined ? readRuleFile(text) : readPlainPack(pack),
  }))
}

/** The set in force. */
export async function readCurrentSet(bucket: RulesBucket): Promise<CurrentSet> {
  const pointer = await readPointer(bucket)
  return { ...pointer, files: await readSetFiles(bucket, pointer.id) }
}

/** The set in force, or undefined where none ever was. */
export async function findCurrentSet(bucket: RulesBucket): Promise<CurrentSet | undefined> {
  try {
    return await readCurrentSet(bucket)
  } catch (failure) {
    if (failure instanceof StorageError && (failure.cause as Error | undefined)?.name === 'NoSuchKey') return undefined
    throw failure
  }
}

/** Writes a set without putting it in force, and returns its id; equal files make an equal set. */
export async function writeRuleSet(bucket: RulesBucket, files: readonly StoredRuleFile[]): Promise<string> {
  const text = JSON.stringify({ files: files.map(packedFile).toSorted((a, b) => (a.file < b.file ? -1 : 1)) })
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_SET_BYTES) {
    throw new StorageError(
      'too-large',
      `the rule files take ${bytes} bytes, at most ${MAX_SET_BYTES} can be in force`,
      {
        hint: 'remove rules that are not needed',
      },
    )
  }
  const id = digestOf(text)
  const put = new PutObjectCommand({
    Bucket: bucket.name,
    Key: setKey(id),
    Body: text,
    ContentType: 'application/json',
  })
  await asked('write the rules', bucket.client.send(put))
  return id
}

/** The file with what functions without YAML need of it. */
export function packedFile({ file, text }: StoredRuleFile): StoredRuleFile {
  return { file, text, ...(isPack(file) && { pack: plainPack(text) }) }
}

/**
 * Puts a set in force, unless somebody else switched since the pointer had this ETag (undefined: there was none);
 * false, and nothing changed, if so.
 */
export async function switchRuleSet(
  bucket: RulesBucket,
  id: string,
  knownEtag: string | undefined,
  earlier: readonly string[] = [],
): Promise<boolean> {
  const put = new PutObjectCommand({
    Bucket: bucket.name,
    Key: RULE_KEYS.pointer,
    Body: JSON.stringify({ set: id, earlier }),
    ContentType: 'application/json',
    ...(knownEtag === undefined ? { IfNoneMatch: '*' } : { IfMatch: knownEtag }),
  })
  try {
    await bucket.client.send(put)
    return true
  } catch (cause) {
    // 412: it has another ETag by now; 409: somebody is switching at this moment.
    if ([409, 412].includes(statusOf(cause) ?? 0)) return false
    throw storageFailure('switch the rules', cause)
  }
}

/** S3 answers 304 with an error. */
async function unlessUnchanged(call: Promise<GetObjectCommandOutput>): Promise<GetObjectCommandOutput | undefined> {
  try {
    return await call
  } catch (cause) {
    if (statusOf(cause) === 304) return undefined
    throw cause
  }
}

function statusOf(cause: unknown): number | undefined {
  return (cause as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata?.httpStatusCode
}

function textOf(output: GetObjectCommandOutput): Promise<string> {
  return asked('read the rules', output.Body?.transformToString('utf8') ?? Promise.resolve(''))
}

function parsed<Schema extends v.GenericSchema>(schema: Schema, text: string, key: string): v.InferOutput<Schema> {
  try {
    return v.parse(schema, JSON.parse(text))
  } catch (cause) {
    throw corrupt(key, 'is not a rule set', cause)
  }
}

function corrupt(key: string, what: string, cause?: unknown): StorageError {
  return new StorageError('corrupt', `${key} in the rules bucket ${what}`, {
    cause,
    hint: 'switch back with `betrace rules rollback`, or push the rules again',
  })
}

function setKey(id: string): string {
  return `${RULE_KEYS.sets}${id}.json`
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
