import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { beforeEach, describe, expect, test } from 'vitest'
import { seedPacks } from '../../../shared/aws/rules/rule-seeding.ts'
import { readCurrentSet, readPointer, switchRuleSet, writeRuleSet } from '../../../shared/aws/rules/rule-sets.ts'
import { faux, intercepted } from '../../emulators/faux.ts'

const emulator = faux()
beforeEach(() => {
  emulator().server.purgeAll()
  emulator().server.createBucket('rules')
})

const bucket = (client = emulator().s3) => ({ client, name: 'rules' })
const pack = (name: string, text = name) => ({ file: `packs/${name}.rules`, text })
const OWN = { file: 'own/mine.rules', text: 'mine' }

/** Pushes a file of somebody's own beside what is in force, as the command line does. */
async function push(): Promise<void> {
  await emulator().s3.send(new PutObjectCommand({ Bucket: 'rules', Key: OWN.file, Body: OWN.text }))
  const { files, etag } = await readCurrentSet(bucket())
  await switchRuleSet(bucket(), await writeRuleSet(bucket(), [...files, OWN]), etag)
}

async function keys(prefix: string): Promise<readonly string[]> {
  const { Contents = [] } = await emulator().s3.send(new ListObjectsV2Command({ Bucket: 'rules', Prefix: prefix }))
  return Contents.map(({ Key = '' }) => Key)
}

describe('seeding packs', () => {
  test('the first time puts them in force', async () => {
    await seedPacks(bucket(), [pack('a'), pack('b')])
    expect((await readCurrentSet(bucket())).files).toEqual([pack('a'), pack('b')])
    expect(await keys('packs/')).toEqual(['packs/a.rules', 'packs/b.rules'])
  })

  test('at the next deploy replaces packs that changed or went, and keeps own rules in force and in place', async () => {
    await seedPacks(bucket(), [pack('a'), pack('gone')])
    await push()
    await seedPacks(bucket(), [pack('a', 'new'), pack('added')])
    expect((await readCurrentSet(bucket())).files).toEqual([OWN, pack('a', 'new'), pack('added')])
    expect(await keys('packs/')).toEqual(['packs/a.rules', 'packs/added.rules'])
    expect(await keys('own/')).toEqual([OWN.file])
  })

  test('again with the same packs switches nothing', async () => {
    await seedPacks(bucket(), [pack('a')])
    await push()
    const before = await readPointer(bucket())
    const puts: unknown[] = []
    const watched = intercepted(emulator().s3, (command) => {
      if (command instanceof PutObjectCommand) puts.push(command.input.Key)
    })
    await seedPacks(bucket(watched), [pack('a')])
    expect(await readPointer(bucket())).toEqual(before)
    expect(puts).not.toContain('current.json')
  })

  test('begins again with what somebody pushed while it was under way', async () => {
    await seedPacks(bucket(), [pack('a')])
    let refusals = 1
    const overtaken = intercepted(emulator().s3, async (command) => {
      if (!(command instanceof PutObjectCommand) || command.input.Key !== 'current.json' || refusals-- <= 0)
        return undefined
      await push()
      throw Object.assign(new Error(), { name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } })
    })
    await seedPacks(bucket(overtaken), [pack('a', 'new')])
    expect((await readCurrentSet(bucket())).files).toEqual([OWN, pack('a', 'new')])
  })
})
