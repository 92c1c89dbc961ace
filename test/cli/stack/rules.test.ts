import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { beforeEach, describe, expect, test } from 'vitest'
import { seedPacks } from '../../../shared/aws/rules/rule-seeding.ts'
import { readCurrentSet, switchRuleSet, writeRuleSet } from '../../../shared/aws/rules/rule-sets.ts'
import { faux } from '../../emulators/faux.ts'
import { makePipe } from '../../local/files/special-files.ts'
import { runInProcess } from '../fake-terminal.ts'
import { deployed } from './deployed.ts'

deployed()
const emulator = faux()
const bucket = () => ({ client: emulator().s3, name: 'rules' })
const PACK = { file: 'packs/shop.rules', text: rule('PACK_RULE') }
let folder = ''

beforeEach(async () => {
  process.env.AWS_ENDPOINT_URL_S3 = emulator().endpoint
  emulator().server.purgeAll()
  emulator().server.createBucket('rules')
  await seedPacks(bucket(), [PACK])
  folder = mkdtempSync(join(tmpdir(), 'betrace-rules-'))
})

function rule(name: string): string {
  return `// Signal: ${name} (high)\ntrace.has(${name.toLowerCase()})\n`
}

function save(path: string, text: string): void {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), text)
}

const rules = (...args: readonly string[]) => runInProcess(['rules', ...args])
const inForce = async () => (await readCurrentSet(bucket())).files.map(({ file }) => file)

async function ownObjects(): Promise<readonly string[]> {
  const { Contents = [] } = await emulator().s3.send(new ListObjectsV2Command({ Bucket: 'rules', Prefix: 'own/' }))
  return Contents.map(({ Key = '' }) => Key)
}

describe('betrace rules push', () => {
  test('puts a folder in force beside the packs, and copies it to own/', async () => {
    save('a.rules', rule('A'))
    save('team/b.rules', rule('B'))
    const { exitCode, out, err } = await rules('push', folder)
    expect(exitCode, err).toBe(0)
    expect(out).toMatch(/3 rules in 3 files in force within a minute: set [0-9a-f]{12}\n/)
    expect(await inForce()).toEqual(['own/a.rules', 'own/team/b.rules', PACK.file])
    expect(await ownObjects()).toEqual(['own/a.rules', 'own/team/b.rules'])
  })

  test('keeps own files it does not name, unless it is to prune them', async () => {
    save('a.rules', rule('A'))
    await rules('push', folder)
    save('b.rules', rule('B'))
    await rules('push', join(folder, 'b.rules'))
    expect(await inForce()).toEqual(['own/a.rules', 'own/b.rules', PACK.file])
    const { out } = await rules('push', join(folder, 'b.rules'), '--prune')
    expect(out).toContain('removed own/a.rules')
    expect(await inForce()).toEqual(['own/b.rules', PACK.file])
    expect(await ownObjects()).toEqual(['own/b.rules'])
  })

  test('counts the problems that it does not show', async () => {
    save('bad.rules', Array.from({ length: 1300 }, (_, index) => `// Signal: B${index} (high)\na && b\n`).join(''))
    const { exitCode, out } = await rules('push', folder)
    expect(exitCode).toBe(1)
    expect(out.match(/wrong-operator/g)).toHaveLength(1000)
    expect(out).toContain('and 300 more problems in 1 file')
    expect(out).toContain('1,300 problems: nothing was pushed')
  })

  test('refuses rules with problems as check shows them, and changes nothing', async () => {
    save('good.rules', rule('GOOD'))
    save('bad.rules', '// Signal: BAD (high)\ntrace.has(\n')
    const before = await readCurrentSet(bucket())
    const { exitCode, out } = await rules('push', folder)
    expect(exitCode).toBe(1)
    expect(out).toContain((await runInProcess(['check', join(folder, 'bad.rules')])).out.split('\n\n')[0])
    expect(out).toContain('1 problem: nothing was pushed')
    expect(await readCurrentSet(bucket())).toEqual(before)
  })

  test('refuses a rule whose name a pack has', async () => {
    save('twice.rules', rule('PACK_RULE'))
    expect(await rules('push', folder)).toMatchObject({ exitCode: 1, out: expect.stringContaining('PACK_RULE') })
  })

  test('refuses two files that would be one', async () => {
    save('x/a.rules', rule('A'))
    save('y/a.rules', rule('B'))
    const { exitCode, err } = await rules('push', join(folder, 'x'), join(folder, 'y'))
    expect([exitCode, err]).toEqual([2, expect.stringContaining('would both be own/a.rules')])
  })
})

describe('betrace rules rollback', () => {
  test('goes back a set at a time, and forward again by id', async () => {
    for (const name of ['A', 'B']) {
      save('mine.rules', rule(name))
      await rules('push', folder)
    }
    const latest = (await readCurrentSet(bucket())).id
    const mine = async () => (await readCurrentSet(bucket())).files.find(({ file }) => file === 'own/mine.rules')?.text
    expect((await rules('rollback')).out).toContain(`betrace rules rollback ${latest.slice(0, 12)}`)
    expect(await mine()).toBe(rule('A'))
    await rules('rollback')
    expect(await mine()).toBeUndefined()
    expect(await ownObjects()).toEqual([])
    expect(await rules('rollback')).toMatchObject({ exitCode: 2, err: expect.stringContaining('no set was in force') })
    await rules('rollback', latest.slice(0, 12))
    expect(await mine()).toBe(rule('B'))
    expect(await ownObjects()).toEqual(['own/mine.rules'])
  })

  test('refuses text that is not an id, and a set that does not exist', async () => {
    expect((await rules('rollback', 'latest')).err).toContain('not the id of a set')
    expect((await rules('rollback', '0123456789ab')).err).toContain('no set begins with')
  })
})

describe('betrace rules list', () => {
  test('shows the set, its files and rules, for people and for programs', async () => {
    save('a.rules', rule('A'))
    await rules('push', folder)
    const { id, earlier } = await readCurrentSet(bucket())
    const { out } = await rules('list')
    expect(out).toContain(`set ${id.slice(0, 12)} in force, before it: ${earlier[0]?.slice(0, 12)}`)
    expect(out).toContain('own/a.rules  1 rule\n  A (high)')
    expect(JSON.parse((await rules('list', '--format', 'json')).out)).toMatchObject({ set: id, earlier })
  })
})

describe('betrace rules pull', () => {
  test('writes what push takes, and overwrites nothing that differs', async () => {
    save('in/team/a.rules', rule('A'))
    await rules('push', join(folder, 'in'))
    const out = join(folder, 'out')
    expect((await rules('pull', out, '--packs')).exitCode).toBe(0)
    expect(readFileSync(join(out, 'team/a.rules'), 'utf8')).toBe(rule('A'))
    expect(readdirSync(join(out, 'packs'))).toEqual(['shop.rules'])
    writeFileSync(join(out, 'team/a.rules'), 'edited')
    expect(await rules('pull', out)).toMatchObject({ exitCode: 2, err: expect.stringContaining('--force') })
    expect((await rules('pull', out, '--force')).exitCode).toBe(0)
  })

  test.each([
    ['a pipe', (path: string) => makePipe(path), 'it is a named pipe'],
    ['a link to a file elsewhere', (path: string) => symlinkSync(join(folder, 'theirs'), path), 'it leads out of'],
    ['a link to a device', (path: string) => symlinkSync('/dev/zero', path), 'it leads out of'],
  ])('writes through nothing that has the name of a rule file: %s', async (_what, make, message) => {
    save('in/a.rules', rule('A'))
    save('theirs', 'theirs')
    await rules('push', join(folder, 'in'))
    mkdirSync(join(folder, 'out'))
    make(join(folder, 'out/a.rules'))
    for (const force of [[], ['--force']]) {
      const { exitCode, err } = await rules('pull', join(folder, 'out'), ...force)
      expect({ exitCode, err }).toEqual({ exitCode: 2, err: expect.stringContaining(message) })
    }
    expect(readFileSync(join(folder, 'theirs'), 'utf8')).toBe('theirs')
  })

  test('writes no file outside its folder', async () => {
    const { etag, files } = await readCurrentSet(bucket())
    const evil = { file: 'own/../../evil.rules', text: rule('EVIL') }
    await switchRuleSet(bucket(), await writeRuleSet(bucket(), [...files, evil]), etag)
    expect(await rules('pull', join(folder, 'out'))).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('outside the folder'),
    })
  })
})
