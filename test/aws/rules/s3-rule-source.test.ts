import { GetObjectCommand, PutObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  MAX_SET_BYTES,
  readCurrentSet,
  readSet,
  type StoredRuleFile,
  switchRuleSet,
  writeRuleSet,
} from '../../../shared/aws/rules/rule-sets.ts'
import { S3RuleSource } from '../../../shared/aws/rules/s3-rule-source.ts'
import type { RuleSet } from '../../../shared/pipeline/ports.ts'
import { ruleSetOfRead } from '../../../shared/pipeline/rule-set.ts'
import { NO_MORE } from '../../../shared/rules/read/listing.ts'
import { faux, intercepted } from '../../emulators/faux.ts'

const emulator = faux()
let nowMs = 0
let logged: string[] = []
let stale = 0

beforeEach(() => {
  emulator().server.purgeAll()
  emulator().server.createBucket('rules')
  nowMs = 1_764_000_000_000
  logged = []
  stale = 0
})

const bucket = (client = emulator().s3) => ({ client, name: 'rules' })

/** A set that its rule files distinguish from others; compiling is tested elsewhere. */
function compile(files: readonly StoredRuleFile[]): RuleSet {
  const problems = files.map(({ file, text }) => ({ file, message: text })) as never
  return { rules: [], rejected: 0, keptBack: [], problems, more: NO_MORE, judge: () => [] }
}

function source(client = emulator().s3) {
  const log = (_level: string, message: string) => logged.push(message)
  return new S3RuleSource(bucket(client), { compile, clock: () => nowMs, log, onStale: () => stale++ })
}

function counted() {
  const calls = { reads: 0, fail: false }
  const client = intercepted(emulator().s3, (command) => {
    if (command instanceof GetObjectCommand) calls.reads++
    return calls.fail ? Promise.reject(new Error('gone')) : undefined
  })
  return { calls, client }
}

async function inForce(text: string): Promise<string> {
  const id = await writeRuleSet(bucket(), [{ file: 'own/a.rules', text }])
  await switchRuleSet(bucket(), id, undefined)
  return id
}

const textOf = (set: RuleSet) => set.problems[0]?.message

describe('the rules in force', () => {
  test('are those of the set that the pointer names', async () => {
    const id = await inForce('one')
    expect(textOf(await source().current())).toBe('one')
    expect(await readCurrentSet(bucket())).toMatchObject({ id, files: [{ file: 'own/a.rules', text: 'one' }] })
  })

  test('of a YAML pack are judged without its YAML', async () => {
    const text = 'rules:\n  - {id: A, severity: low, condition: charge}\n  - {id: B, severity: low, condition: "a &&"}'
    const id = await writeRuleSet(bucket(), [{ file: 'packs/a.yaml', text }])
    await switchRuleSet(bucket(), id, undefined)
    const { rules, rejected, problems } = ruleSetOfRead(readSet((await readCurrentSet(bucket())).files))
    expect(rules.map(({ name }) => name)).toEqual(['A'])
    expect(rejected).toBe(1)
    expect(problems[0]).toMatchObject({ file: 'packs/a.yaml', rule: 'B', range: { start: { line: 3 } } })
  })

  test('follow a switch within a minute, and a switch back', async () => {
    const first = await inForce('one')
    const rules = source()
    await rules.current()
    await inForce('two')
    nowMs += 60_000
    expect(textOf(await rules.current())).toBe('two')
    await switchRuleSet(bucket(), first, undefined)
    nowMs += 60_000
    expect(textOf(await rules.current())).toBe('one')
  })

  test('are asked for by ETag, twice a minute at most, and by one caller for all', async () => {
    await inForce('one')
    const { calls, client } = counted()
    const rules = source(client)
    await Promise.all([rules.current(), rules.current(), rules.current()])
    expect(calls.reads).toBe(2)
    nowMs += 29_000
    await rules.current()
    expect(calls.reads).toBe(2)
    nowMs += 1_000
    await Promise.all([rules.current(), rules.current()])
    expect(calls.reads).toBe(3)
    expect(logged.filter((message) => message === 'rules loaded')).toHaveLength(1)
  })

  test('stay in force while the bucket cannot be read', async () => {
    await inForce('one')
    const { calls, client } = counted()
    const rules = source(client)
    await rules.current()
    await inForce('two')
    calls.fail = true
    nowMs += 60_000
    expect(textOf(await rules.current())).toBe('one')
    expect(logged).toContain('rules not revalidated, those loaded stay in force')
    expect(stale).toBe(1)
    calls.fail = false
    nowMs += 5_000
    expect(textOf(await rules.current())).toBe('two')
  })

  test('that were never read are a failure, not an empty set', async () => {
    await expect(source().current()).rejects.toMatchObject({ name: 'StorageError' })
    const { calls, client } = counted()
    calls.fail = true
    await expect(source(client).current()).rejects.toMatchObject({ transient: true })
  })

  test('are refused when they are not what was written', async () => {
    const id = await inForce('one')
    const damaged = { Bucket: 'rules', Key: `sets/${id}.json`, Body: '{"files":[]}' }
    await emulator().s3.send(new PutObjectCommand(damaged))
    await expect(source().current()).rejects.toMatchObject({
      code: 'corrupt',
      hint: expect.stringContaining('rollback'),
    })
  })
})

describe('a rule set', () => {
  test('has the same id whatever the order of its files', async () => {
    const [a, b] = [
      { file: 'own/a.rules', text: 'a' },
      { file: 'packs/b.rules', text: 'b' },
    ]
    expect(await writeRuleSet(bucket(), [a, b])).toBe(await writeRuleSet(bucket(), [b, a]))
  })

  test('larger than what a function may load is refused with what to do', async () => {
    const text = 'x'.repeat(MAX_SET_BYTES)
    await expect(writeRuleSet(bucket(), [{ file: 'own/a.rules', text }])).rejects.toMatchObject({ code: 'too-large' })
  })

  test('is not switched to if somebody else switched meanwhile', async () => {
    const conditions: unknown[] = []
    const answering = (httpStatusCode: number) =>
      bucket(
        intercepted(emulator().s3, ({ input }) => {
          const { IfMatch, IfNoneMatch } = input as PutObjectCommandInput
          conditions.push(IfMatch ?? IfNoneMatch)
          return Promise.reject(Object.assign(new Error(), { $metadata: { httpStatusCode } }))
        }),
      )
    const id = 'a'.repeat(64)
    expect(await switchRuleSet(answering(412), id, '"etag"')).toBe(false)
    expect(await switchRuleSet(answering(409), id, undefined)).toBe(false)
    await expect(switchRuleSet(answering(500), id, '"etag"')).rejects.toMatchObject({ transient: true })
    expect(conditions).toEqual(['"etag"', '*', '"etag"'])
  })
})
