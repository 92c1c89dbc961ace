import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DynamoDeliveries } from '../../../shared/aws/incidents/dynamo-deliveries.ts'
import { DynamoIncidents } from '../../../shared/aws/incidents/dynamo-incidents.ts'
import { DynamoMutes } from '../../../shared/aws/incidents/dynamo-mutes.ts'
import { newDelivery } from '../../../shared/incidents/delivery.ts'
import { incidentKey } from '../../../shared/incidents/incident.ts'
import { takeSignal } from '../../../shared/incidents/open-incident.ts'
import { oneByOne } from '../../../shared/incidents/store-steps.ts'
import { IMPATIENT } from '../../emulators/dynamo-table.ts'
import { startDynalite } from '../../emulators/emulators.ts'
import { faux } from '../../emulators/faux.ts'
import { createIncidentTable } from '../../emulators/incident-table.ts'
import { signalOf } from '../../incidents/events.ts'
import { runInProcess } from '../fake-terminal.ts'
import { deployed } from './deployed.ts'

const { set } = deployed()
const emulator = faux()
const START_MS = Date.parse('2026-11-29T02:58:00Z')
const clock = () => START_MS
const KEY = incidentKey('A', undefined)
const ONCALL = { key: KEY, episode: 1, receiver: 'oncall' }

let dynalite: Awaited<ReturnType<typeof startDynalite>>
let tables = 0
let table: ConstructorParameters<typeof DynamoIncidents>[0]
beforeAll(async () => {
  dynalite = await startDynalite()
})
afterAll(() => dynalite.stop())
beforeEach(async () => {
  const { server, endpoint } = emulator()
  server.purgeAll()
  server.createBucket('rules')
  table = { client: dynalite.client, name: `incidents-${++tables}`, backoff: IMPATIENT }
  await createIncidentTable(table.client, table.name)
  set({ incidentTable: table.name })
  Object.assign(process.env, { AWS_ENDPOINT_URL_S3: endpoint, AWS_ENDPOINT_URL_DYNAMODB: dynalite.endpoint })
  await broken('A', 3)
})

/** Traces that break a rule, each a minute after the other. */
async function broken(rule: string, traces: number): Promise<void> {
  const settings = { quietMs: 1_800_000, cooldownMs: 7_200_000, maxGroups: 50 }
  const ruleOf = () => ({ alert: { kind: 'each' } as const })
  for (let at = 0; at < traces; at++) {
    const nowMs = START_MS + at * 60_000
    const context = { settings, nowMs, atomic: false, ruleOf }
    const signal = signalOf({ rule, trace: at + 1, atMs: nowMs })
    await oneByOne(takeSignal(signal, context), new DynamoIncidents(table, clock))
  }
}

const onStack = (...words: readonly string[]) => runInProcess([...words, '--stack', 'betrace-main'])
const head = () => new DynamoIncidents(table, clock).readHead(KEY)
const deliveries = () => new DynamoDeliveries(table, clock)
const pushed = (Body: string) => emulator().s3.send(new PutObjectCommand({ Bucket: 'rules', Key: 'notify.yaml', Body }))

describe('betrace incidents', () => {
  test('lists what is open at a stack, with what receivers know', async () => {
    await deliveries().write(ONCALL, { ...newDelivery({ updates: true, ended: true }, START_MS), notified: 'open' })
    const { exitCode, out } = await onStack('incidents', 'list')
    expect(exitCode).toBe(0)
    expect(out).toMatch(
      new RegExp(`^${KEY.slice(0, 8)}  \\w+  A  since 2026-11-29 02:58 UTC  3 traces  notified oncall\n$`),
    )
  })

  test('takes the stack from the environment', async () => {
    process.env.BETRACE_STACK = 'betrace-main'
    expect((await runInProcess(['incidents', 'list'])).out).toContain(KEY.slice(0, 8))
  })

  test('says that there are more than asked for', async () => {
    await broken('B', 1)
    const { out, err } = await onStack('incidents', 'list', '--limit', '1', '--format', 'jsonl')
    expect([out.trim().split('\n').length, err]).toEqual([1, 'older ones are not shown; ask for more with --limit\n'])
  })

  test('shows one by the first digits of its id', async () => {
    const { exitCode, out } = await onStack('incidents', 'show', KEY.slice(0, 6))
    expect([exitCode, out]).toEqual([0, expect.stringContaining(`Incident: ${KEY}.1\n`)])
    const unknown = await onStack('incidents', 'show', '..')
    expect(unknown).toMatchObject({ exitCode: 2, out: '', err: expect.stringContaining('no incident has the id ".."') })
  })

  test('ends one once, with who and why, as a version that the stream passes on', async () => {
    const words = ['incidents', 'resolve', KEY, '--why', 'rolled back', '--by', 'ana']
    expect(await onStack(...words)).toMatchObject({ exitCode: 0, out: `${KEY}.1 A has ended\n` })
    const hand = { why: 'rolled back', by: 'ana' }
    expect(await head()).toMatchObject({ version: 2, state: 'resolved', ended: 'by-hand', hand })
    expect(await onStack(...words)).toMatchObject({ exitCode: 2, err: expect.stringContaining('is not open') })
    expect((await onStack('incidents', 'list')).out).toBe('no open incidents\n')
    expect((await onStack('incidents', 'list', '--state', 'ended')).out).toContain('closed by hand')
  })

  test('says what AWS said where the table cannot be read', async () => {
    set({ incidentTable: 'gone' })
    const { exitCode, out, err } = await onStack('incidents', 'list')
    expect([exitCode, out, err]).toEqual([
      2,
      '',
      expect.stringMatching(/read from the table.*\n.*resource not found/is),
    ])
  })
})

describe('betrace mute', () => {
  const made = async () => (await onStack('mute', 'rule == A', '--for', '2h', '--why', 'INC-42')).out.trim()

  test('makes a mute that the notifier sees, and says how to end it there', async () => {
    const { exitCode, out, err } = await onStack('mute', 'rule == A', '--for', '2h', '--why', 'INC-42', '--by', 'ana')
    expect([exitCode, out]).toEqual([0, expect.stringMatching(/^[0-9a-f]{8}\n$/)])
    expect(err).toContain(`betrace mute remove ${out.trim()} --stack betrace-main ends it sooner`)
    expect(await new DynamoMutes(table, clock).active(Date.now())).toMatchObject([{ id: out.trim(), by: 'ana' }])
    expect((await onStack('incidents', 'list')).out).toMatch(/ muted until [\d-]+ [\d:]+ UTC: INC-42$/m)
  })

  test('lists those of the file, too, and removes none of them', async () => {
    const until = new Date(Date.now() + 3_600_000).toISOString()
    await pushed(`version: 1\nreceivers: {}\nmutes:\n  - { all: true, until: ${until}, why: moving }\n`)
    const id = await made()
    const { out } = await onStack('mute', 'list')
    expect(out.split('\n').map((line) => line.split(' ')[0])).toEqual(['notify.yaml:4', id, ''])
    const ofFile = await onStack('mute', 'remove', 'notify.yaml:4')
    expect(ofFile).toMatchObject({ exitCode: 2, err: expect.stringContaining('remove it there') })
  })

  test('removed, makes what it held back due', async () => {
    const id = await made()
    const [{ untilMs } = { untilMs: 0 }] = await new DynamoMutes(table, clock).list(1)
    const row = { ...newDelivery({ updates: true, ended: true }, START_MS), heldBy: id, dueAtMs: untilMs }
    await deliveries().write(ONCALL, row)
    const removed = await onStack('mute', 'remove', id)
    expect([removed.exitCode, removed.out]).toEqual([0, `${id} no longer holds back rule == A\n`])
    expect((await deliveries().read(ONCALL))?.dueAtMs).toBeLessThan(untilMs)
    expect(await onStack('mute', 'remove', id)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('has ended'),
    })
  })

  test('looks up no value that the file of receivers refers to', async () => {
    const oncall = `{ type: pagerduty, key: "\${secret:pagerduty/oncall}" }`
    await pushed(`version: 1\nreceivers:\n  oncall: ${oncall}\nroutes:\n  - { otherwise: true, to: oncall }\n`)
    expect(await onStack('mute', 'list')).toEqual({ exitCode: 0, out: 'no mutes\n', err: '' })
  })

  test('says that the file of receivers has problems', async () => {
    await pushed('version: 1\nreceivers: 7\n')
    const { exitCode, err } = await onStack('mute', 'list')
    expect([exitCode, err]).toEqual([
      0,
      expect.stringContaining('betrace notify check --stack betrace-main shows them'),
    ])
  })
})
