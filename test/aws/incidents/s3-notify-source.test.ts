import { beforeEach, expect, test } from 'vitest'
import { secretsClient } from '../../../shared/aws/clients.ts'
import { NOTIFY_KEY, S3NotifySource, writeNotifyObject } from '../../../shared/aws/incidents/s3-notify-source.ts'
import { stackReferences } from '../../../shared/aws/incidents/stack-references.ts'
import type { References } from '../../../shared/incidents/notify/references.ts'
import { fakeAccount } from '../../emulators/fake-account.ts'
import { faux, intercepted } from '../../emulators/faux.ts'

const emulator = faux()
const account = fakeAccount()
let nowMs: number
let problems: number
let asked: number
let broken: boolean
beforeEach(() => {
  const { server } = emulator()
  server.purgeAll()
  server.createBucket('rules')
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: account().endpoint,
  })
  ;[nowMs, problems, asked, broken] = [0, 0, 0, false]
})

const bucket = () => ({ client: emulator().s3, name: 'rules' })
const stackValues = () => stackReferences(secretsClient(), 'values')

function source(references?: () => References): S3NotifySource {
  const client = intercepted(emulator().s3, () => {
    asked++
    if (broken) throw Object.assign(new Error('down'), { name: 'ServiceUnavailable' })
  })
  const loading = { references, clock: () => nowMs, log: () => {}, onProblem: () => void problems++ }
  return new S3NotifySource({ client, name: 'rules' }, loading)
}

const file = (name: string, key = `\${secret:pagerduty/${name}}`) => `version: 1
receivers:
  ${name}: { type: pagerduty, key: "${key}" }
  hook: { type: webhook, url: https://hook.example }
routes:
  - { otherwise: true, to: [${name}, hook] }
`
const key = 'k'.repeat(32)
const secret = (value: object) => Object.assign(account(), { secret: { id: 'v1', text: JSON.stringify(value) } })

test('without a file nobody is notified', async () => {
  const { receivers, routes } = await source().current()
  expect([receivers.size, routes.length, problems]).toEqual([0, 0, 0])
})

test('values come from the one secret of the stack: fields of objects, and texts by their whole name', async () => {
  for (const value of [{ pagerduty: { oncall: key } }, { 'pagerduty/oncall': key }]) {
    secret(value)
    await writeNotifyObject(bucket(), file('oncall'))
    expect([...(await source(stackValues).current()).receivers.keys()]).toEqual(['oncall', 'hook'])
  }
  expect(problems).toBe(0)
})

test('routes can be used without values', async () => {
  await writeNotifyObject(bucket(), file('oncall'))
  const { routes, receiverNames } = await source().current()
  expect([routes.length, receiverNames, problems]).toEqual([1, ['oncall', 'hook'], 0])
})

test('a receiver whose value is missing is reported and cannot be used; the others can', async () => {
  secret({})
  await writeNotifyObject(bucket(), file('oncall'))
  const { receivers, receiverNames } = await source(stackValues).current()
  expect([[...receivers.keys()], receiverNames, problems]).toEqual([['hook'], ['oncall', 'hook'], 1])
})

test('a new file holds within half a minute, and S3 is asked no more often', async () => {
  secret({ pagerduty: { oncall: key, night: key } })
  await writeNotifyObject(bucket(), file('oncall'))
  const notify = source(stackValues)
  await notify.current()
  const before = await notify.version()
  await writeNotifyObject(bucket(), file('night'))
  nowMs = 29_999
  expect([...(await notify.current()).receivers.keys()]).toEqual(['oncall', 'hook'])
  expect(asked).toBe(1)
  nowMs = 30_000
  expect([...(await notify.current()).receivers.keys()].toSorted()).toEqual(['hook', 'night'])
  expect(await notify.version()).not.toBe(before)
})

test('a value that was replaced holds within five minutes; while it is missing the receiver stays as it was', async () => {
  secret({ pagerduty: { oncall: key } })
  await writeNotifyObject(bucket(), file('oncall'))
  const notify = source(stackValues)
  const first = (await notify.current()).receivers.get('oncall')
  secret({})
  nowMs = 300_000
  expect((await notify.current()).receivers.get('oncall')).toBe(first)
  expect(problems).toBe(1)
  secret({ pagerduty: { oncall: 'n'.repeat(32) } })
  nowMs = 600_000
  expect((await notify.current()).receivers.get('oncall')?.traits.target).not.toBe(first?.traits.target)
})

test('while S3 cannot be asked, what was read stays in use; without that the caller is told', async () => {
  await writeNotifyObject(bucket(), file('oncall'))
  const notify = source()
  await notify.current()
  broken = true
  nowMs = 60_000
  expect((await notify.current()).receiverNames).toEqual(['oncall', 'hook'])
  expect(problems).toBe(1)
  await expect(source().current()).rejects.toThrow('cannot read the file of receivers')
})

test('a secret that is not JSON is never shown', async () => {
  Object.assign(account(), { secret: { id: 'v1', text: 'xoxb-secret' } })
  const references = stackValues()
  await expect(references.secret?.('a', undefined)).rejects.toThrow(/^the secret of the stack is not JSON/)
  expect(NOTIFY_KEY).toBe('notify.yaml')
})
