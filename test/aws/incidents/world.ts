import { beforeEach } from 'vitest'
import type { IncidentTimer } from '../../../shared/aws/buffer/timer-message.ts'
import type { DeliveryMessage } from '../../../shared/aws/incidents/delivery-message.ts'
import type { DispatchDeps } from '../../../shared/aws/incidents/dispatch.ts'
import { DynamoDeliveries } from '../../../shared/aws/incidents/dynamo-deliveries.ts'
import { DynamoFloods } from '../../../shared/aws/incidents/dynamo-floods.ts'
import { DynamoIncidents } from '../../../shared/aws/incidents/dynamo-incidents.ts'
import { DynamoMutes } from '../../../shared/aws/incidents/dynamo-mutes.ts'
import { IncidentChecks } from '../../../shared/aws/incidents/incident-checks.ts'
import { endByHand } from '../../../shared/incidents/end-incident.ts'
import { incidentKey } from '../../../shared/incidents/incident.ts'
import { readNotifyFile } from '../../../shared/incidents/notify/read-notify-file.ts'
import { takeSignal } from '../../../shared/incidents/open-incident.ts'
import type { Answer, Receiver } from '../../../shared/incidents/receivers/receiver.ts'
import { oneByOne } from '../../../shared/incidents/store-steps.ts'
import { incidentTables } from '../../emulators/incident-table.ts'
import { signalOf, type TestSignal } from '../../incidents/events.ts'

export const KEY = incidentKey('A', undefined)
export const START_MS = 1_764_000_000_000
const SETTINGS = { quietMs: 1_800_000, cooldownMs: 7_200_000, maxGroups: 50 }

/** One incident in a real table; the queues are lists, which is a fake: tests look at them, deliver and lose what is in them. */
interface IncidentWorld extends Omit<DispatchDeps, 'routes'> {
  nowMs: number
  readonly mutes: DynamoMutes
  readonly floods: DynamoFloods
  readonly armed: IncidentTimer[]
  readonly messages: DeliveryMessage[]
  /** Names of receivers that all incidents go to. */
  routes: DispatchDeps['routes']
  take(given?: Partial<TestSignal>): Promise<void>
  endByHand(key?: string): Promise<boolean>
}

/** A world for each test. */
export function incidentWorld(): () => IncidentWorld {
  const tables = incidentTables()
  let world: IncidentWorld
  beforeEach(async () => {
    const table = await tables()
    const clock = () => world.nowMs
    const context = () => {
      const ruleOf = () => ({ alert: { kind: 'each' } as const })
      return { settings: SETTINGS, nowMs: world.nowMs, atomic: false, ruleOf }
    }
    const incidents = new DynamoIncidents(table, clock)
    const armed: IncidentTimer[] = []
    const messages: DeliveryMessage[] = []
    world = {
      nowMs: START_MS,
      incidents,
      deliveries: new DynamoDeliveries(table, clock),
      mutes: new DynamoMutes(table, clock),
      floods: new DynamoFloods(table, clock),
      checks: new IncidentChecks(table, clock),
      armed,
      messages,
      timers: { arm: async (timers) => void armed.push(...(timers as readonly IncidentTimer[])) },
      send: async (sent) => void messages.push(...sent),
      routes: () => routesTo(['one', 'two']),
      everything: ['topic'],
      clock,
      source: '/betrace',
      take: (given = {}) => oneByOne(takeSignal(signalOf({ atMs: world.nowMs, ...given }), context()), incidents),
      endByHand: (key = KEY) => oneByOne(endByHand(key, context()), incidents),
    }
  })
  return () => world
}

/** Routes of a file that sends everything to some receivers. */
export async function routesTo(names: readonly string[]) {
  const receivers = names.map((name) => `  ${name}: { type: webhook, url: https://${name}.example }`).join('\n')
  const text = `version: 1\nreceivers:\n${receivers}\nroutes:\n  - { otherwise: true, to: [${names.join(', ')}] }\n`
  const { parts } = await readNotifyFile(text, { references: undefined, clock: () => START_MS })
  return { routes: parts?.routes ?? [] }
}

/** A fake receiver that notes what it is told, and answers as told to. */
export class FakeReceiver implements Receiver {
  readonly name: string
  readonly type = 'fake'
  readonly traits: Receiver['traits']
  readonly told: string[] = []
  answer: Answer | (() => Promise<Answer>) = { outcome: 'taken' }

  constructor(name: string, traits: Receiver['traits'] = { pages: true, edits: false, dedups: true, target: 't' }) {
    this.name = name
    this.traits = traits
  }

  async tell({ change, dedupKey }: Parameters<Receiver['tell']>[0]): Promise<Answer> {
    this.told.push(`${change} ${dedupKey.split('.').slice(1).join('.')}`)
    return typeof this.answer === 'function' ? this.answer() : this.answer
  }
}
