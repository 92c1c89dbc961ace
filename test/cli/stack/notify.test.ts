import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readNotifyObject } from '../../../shared/aws/incidents/s3-notify-source.ts'
import { faux } from '../../emulators/faux.ts'
import { newReceiver, type Receiver } from '../../local/sinks/receiver.ts'
import { runInProcess } from '../fake-terminal.ts'
import { deployed } from './deployed.ts'

const { account } = deployed()
const emulator = faux()
const bucket = () => ({ client: emulator().s3, name: 'rules' })
let file: string
let hook: Receiver
beforeEach(async () => {
  const { server, endpoint } = emulator()
  process.env.AWS_ENDPOINT_URL_S3 = endpoint
  process.env.AWS_ENDPOINT_URL_SNS = endpoint
  server.purgeAll()
  server.createBucket('rules')
  file = join(mkdtempSync(join(tmpdir(), 'betrace-notify-')), 'notify.yaml')
  hook = await newReceiver()
})
afterEach(() => hook.close())

const notify = (...args: readonly string[]) => runInProcess(['notify', ...args])
const secret = (value: object) => Object.assign(account(), { secret: { id: 'v1', text: JSON.stringify(value) } })

function save(receiver: string): void {
  const text = `version: 1\nreceivers:\n  team: ${receiver}\nroutes:\n  - { otherwise: true, to: [team] }\n`
  writeFileSync(file, text)
}

const PAGER = `{ type: pagerduty, key: "\${secret:pagerduty/oncall}" }`
const KEY = 'k'.repeat(32)

describe('betrace notify push', () => {
  test('puts a file in force whose values the secret of the stack holds', async () => {
    secret({ pagerduty: { oncall: KEY } })
    save(PAGER)
    const { exitCode, out } = await notify('push', file)
    expect(out).toBe(`✓ ${file} is in force within half a minute: 1 receiver, 1 route, 0 mutes\n`)
    expect(exitCode).toBe(0)
    expect((await readNotifyObject(bucket()))?.text).toContain(PAGER)
  })

  test('changes nothing where the file has problems, or the secret lacks a value', async () => {
    secret({})
    save(PAGER)
    const { exitCode, out } = await notify('push', file)
    expect(exitCode).toBe(1)
    expect(out).toContain('pagerduty')
    expect(out).toContain('nothing was changed')
    expect(await readNotifyObject(bucket())).toBeUndefined()
  })

  test('does not look at variables of this machine', async () => {
    process.env.ONCALL_KEY = KEY
    save(`{ type: pagerduty, key: "\${ONCALL_KEY}" }`)
    expect((await notify('push', file)).exitCode).toBe(1)
  })

  test('says what to do about a file that cannot be read', async () => {
    const { exitCode, err } = await notify('push', `${file}.missing`)
    expect([exitCode, err]).toEqual([2, expect.stringContaining('missing')])
  })
})

test('betrace notify check looks values up in the secret of a stack', async () => {
  save(PAGER)
  secret({ pagerduty: { oncall: KEY } })
  expect((await notify('check', file, '--stack', 'betrace-main')).exitCode).toBe(0)
  secret({ pagerduty: {} })
  expect((await notify('check', file, '--stack', 'betrace-main')).exitCode).toBe(1)
})

describe('betrace notify test --stack', () => {
  test('sends to a receiver of the file in force, and hides its values', async () => {
    secret({ hook: 'very-secret-value' })
    save(`{ type: webhook, url: "${hook.url}", headers: { x-token: "\${secret:hook}" } }`)
    await notify('push', file)
    const { exitCode, out } = await notify('test', 'team', '--stack', 'betrace-main')
    expect(exitCode).toBe(0)
    expect(out).toContain('team took the opening')
    expect(out).not.toContain('very-secret-value')
    expect(hook.received.map(({ headers }) => headers['x-token'])).toEqual(['very-secret-value', 'very-secret-value'])
  })

  test('publishes to topics with the credentials of this machine', async () => {
    const { topicArn } = emulator().server.createTopic('team')
    save(`{ type: email, topic: "${topicArn}" }`)
    await notify('push', file)
    expect((await notify('test', 'team', '--stack', 'betrace-main')).exitCode).toBe(0)
  })

  test('says how to push a file where the stack has none', async () => {
    const { exitCode, err } = await notify('test', 'team', '--stack', 'betrace-main')
    expect([exitCode, err]).toEqual([2, expect.stringContaining('betrace notify push notify.yaml')])
  })
})

test('betrace notify route says who is notified by the file in force at a stack', async () => {
  secret({ hook: 'very-secret-value' })
  save(`{ type: webhook, url: "${hook.url}", headers: { x-token: "\${secret:hook}" } }`)
  await notify('push', file)
  const { exitCode, out } = await notify('route', 'ANY_RULE', '--stack', 'betrace-main')
  expect([exitCode, out]).toEqual([0, expect.stringContaining('team')])
  expect(out).not.toContain('very-secret-value')
})
