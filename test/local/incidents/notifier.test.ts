import { afterEach, expect, test } from 'vitest'
import { IncidentNotifier } from '../../../local/incidents/notifier.ts'
import { SqliteDeliveries } from '../../../local/sqlite/sqlite-deliveries.ts'
import { SqliteIncidents } from '../../../local/sqlite/sqlite-incidents.ts'
import { SqliteMutes } from '../../../local/sqlite/sqlite-mutes.ts'
import type { IncidentContext } from '../../../shared/incidents/context.ts'
import { endByHand } from '../../../shared/incidents/end-incident.ts'
import { incidentKey } from '../../../shared/incidents/incident.ts'
import type { NotifyConfig } from '../../../shared/incidents/notify/config.ts'
import { takeSignal } from '../../../shared/incidents/open-incident.ts'
import type { Answer, Receiver } from '../../../shared/incidents/receivers/receiver.ts'
import type { Severity } from '../../../shared/rules/ast.ts'
import { signalOf } from '../../incidents/events.ts'
import { closeDatabases, newDatabase } from '../sqlite/databases.ts'

afterEach(closeDatabases)

const HOUR_MS = 3_600_000

/** A notifier of receivers that answer when a test says so. */
function newNotifier(receivers: readonly string[] = ['chat']) {
  const database = newDatabase()
  const [incidents, deliveries] = [new SqliteIncidents(database), new SqliteDeliveries(database)]
  let nowMs = 1_764_000_000_000
  let config: NotifyConfig = { receivers: new Map(), routes: [], mutes: [], traceLink: undefined }
  const said: string[] = []
  const waiting: (() => void)[] = []
  let isHeld = false
  const receiverOf = (name: string): Receiver => ({
    ...{ name, type: name, traits: { pages: false, edits: true, dedups: false, target: name } },
    async tell({ change, rule }): Promise<Answer> {
      said.push(`${name} ${rule} ${change}`)
      if (isHeld && name === 'chat') await new Promise<void>((resolve) => waiting.push(resolve))
      return { outcome: 'taken' }
    },
  })
  const notifier = new IncidentNotifier({
    ...{
      database,
      incidents,
      deliveries,
      mutes: new SqliteMutes(database, deliveries),
      config: { current: () => config },
    },
    ...{ everything: receivers.map(receiverOf), clock: () => nowMs, log: () => {}, random: () => 0, source: 'test' },
    send: async () => ({ failure: 'nothing is sent', unsure: false }),
  })
  const context = (): IncidentContext => ({
    settings: { quietMs: HOUR_MS, cooldownMs: HOUR_MS, maxGroups: 50 },
    ...{ nowMs, atomic: true, ruleOf: () => ({ alert: { kind: 'each' } }) },
  })
  return {
    said,
    notifier,
    open: (rule: string, severity: Severity) =>
      incidents.transact(() => takeSignal(signalOf({ rule, severity, atMs: nowMs }), context())),
    end: () => incidents.transact(() => endByHand(incidentKey('A', undefined), context())),
    /** Waits until the chat has a request. */
    async asked() {
      while (waiting.length === 0) await new Promise(setImmediate)
    },
    /** From now on the chat does not answer. */
    hold() {
      isHeld = true
    },
    answer() {
      isHeld = false
      for (const each of waiting.splice(0)) each()
    },
    changeConfig() {
      config = { ...config }
    },
    async pass(ms: number, { waits } = { waits: true }) {
      nowMs += ms
      await (waits ? notifier.runDue() : notifier.start())
    },
  }
}

type World = ReturnType<typeof newNotifier>

test.each([
  ['gets worse', (world: World) => world.open('A', 'critical'), ['chat A updated']],
  ['stays as it is, while notify.yaml changes', (world: World) => world.changeConfig(), []],
])('a chat that answers slowly gets one message of an incident that %s meanwhile', async (_, change, updates) => {
  const world = newNotifier()
  await world.open('A', 'high')
  await world.notifier.runDue()
  world.hold()
  await world.pass(60_000, { waits: false })
  await world.asked()
  await change(world)
  await world.notifier.start()
  world.answer()
  await world.pass(0)
  await world.pass(HOUR_MS)
  await world.end()
  await world.pass(0)
  expect(world.said).toEqual(['chat A opened', ...updates, 'chat A resolved'])
})

test('a receiver that does not answer holds up no other, however much there is to tell it', async () => {
  const world = newNotifier(['chat', 'pager'])
  world.hold()
  for (let rule = 0; rule < 300; rule++) await world.open(`R${rule}`, 'critical')
  await world.pass(1, { waits: false })
  await world.asked()
  for (let look = 0; look < 100; look++) {
    await world.notifier.start()
    await new Promise(setImmediate)
  }
  // Ten of their own, and one for all others.
  expect(world.said.filter((each) => each.startsWith('pager'))).toHaveLength(11)
  world.answer()
  await world.pass(0)
})
