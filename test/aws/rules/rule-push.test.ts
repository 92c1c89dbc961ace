import { PutObjectCommand } from '@aws-sdk/client-s3'
import { beforeEach, expect, test } from 'vitest'
import { pushRules, rollbackRules } from '../../../shared/aws/rules/rule-push.ts'
import { readCurrentSet, switchRuleSet, writeRuleSet } from '../../../shared/aws/rules/rule-sets.ts'
import { faux, intercepted } from '../../emulators/faux.ts'

const emulator = faux()
beforeEach(() => {
  emulator().server.purgeAll()
  emulator().server.createBucket('rules')
})

const bucket = (client = emulator().s3) => ({ client, name: 'rules' })
const file = (name: string) => ({ file: `own/${name}.rules`, text: `// Signal: ${name} (low)\ntrace.has(x)\n` })
const names = async () => (await readCurrentSet(bucket())).files.map((each) => each.file)

/** A client for which somebody else switches to `theirs` just before our first switch; the emulator ignores If-Match. */
function overtaken(theirs: ReturnType<typeof file>) {
  let waiting = true
  return intercepted(emulator().s3, async (command) => {
    if (!waiting || !(command instanceof PutObjectCommand) || command.input.Key !== 'current.json') return undefined
    waiting = false
    await pushRules(bucket(), { files: [theirs], prune: false })
    throw Object.assign(new Error('PreconditionFailed'), { $metadata: { httpStatusCode: 412 } })
  })
}

test('a push that is overtaken begins again with what the other put in force', async () => {
  await pushRules(bucket(), { files: [file('a')], prune: false })
  await pushRules(bucket(overtaken(file('theirs'))), { files: [file('mine')], prune: false })
  expect(await names()).toEqual(['own/a.rules', 'own/mine.rules', 'own/theirs.rules'])
})

test('a rollback that is overtaken changes nothing', async () => {
  await pushRules(bucket(), { files: [file('a')], prune: false })
  await pushRules(bucket(), { files: [file('b')], prune: false })
  await expect(rollbackRules(bucket(overtaken(file('theirs'))), undefined)).rejects.toMatchObject({ transient: true })
  expect(await names()).toContain('own/theirs.rules')
})

test('a pointer written before sets were remembered still reads', async () => {
  const id = await writeRuleSet(bucket(), [file('a')])
  await switchRuleSet(bucket(), id, undefined)
  const old = new PutObjectCommand({ Bucket: 'rules', Key: 'current.json', Body: JSON.stringify({ set: id }) })
  await emulator().s3.send(old)
  expect(await readCurrentSet(bucket())).toMatchObject({ id, earlier: [] })
})
