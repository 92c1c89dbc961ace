import { LocalIncidents } from '../../local/incidents/local-incidents.ts'
import { IncidentNotifier } from '../../local/incidents/notifier.ts'
import { incidentReadings } from '../../local/server/incident-readings.ts'
import { PrometheusMetrics } from '../../local/server/metrics.ts'
import { Database } from '../../local/sqlite/database.ts'
import { SqliteDeliveries } from '../../local/sqlite/sqlite-deliveries.ts'
import { SqliteIncidents } from '../../local/sqlite/sqlite-incidents.ts'
import { SqliteMutes } from '../../local/sqlite/sqlite-mutes.ts'
import type { Receiver } from '../../shared/incidents/receivers/receiver.ts'
import { signalOf } from '../../test/incidents/events.ts'
import { ruleSet } from '../../test/pipeline/traces.ts'
import { cpuMs } from '../processor-time.ts'

const START_MS = 1_764_000_000_000
const GROUPS_OF_A_RULE = 50
const TICK_MS = 100
const GIBIBYTE = 2 ** 30

/** Incidents on one machine, by a clock that its user moves; both receivers take everything at once. */
export interface Storm {
  /** Opens incidents, each of a group of its own, `aSecond` in each second of the clock. */
  open(count: number, aSecond: number): Promise<void>
  /** Lets time pass without signals. */
  pass(ms: number): void
  /** What happens each second: ends and notifications that are due. */
  look(): Promise<void>
  /** The part of `/metrics` that is about incidents. */
  metrics(): string
  countOpen(): number
  /** Deliveries that are due. */
  backlog(): number
}

/** `most`: incidents that will be opened at most. */
export function newStorm(path: string, most: number): Storm {
  const rules = ruleSet(
    Array.from({ length: Math.ceil(most / GROUPS_OF_A_RULE) }, (_, rule) => ({
      name: `R${rule}`,
      violated: () => true,
    })),
  )
  const database = new Database(path, GIBIBYTE)
  const [incidentStore, deliveries] = [new SqliteIncidents(database), new SqliteDeliveries(database)]
  let nowMs = START_MS
  const clock = () => nowMs
  const settings = { quietMs: 1_800_000, cooldownMs: 7_200_000, maxGroups: GROUPS_OF_A_RULE }
  const incidents = new LocalIncidents({ database, store: incidentStore, clock, rules: () => rules, settings })
  const nobody = { receivers: new Map(), routes: [], mutes: [], traceLink: undefined }
  const notifier = new IncidentNotifier({
    ...{ database, incidents: incidentStore, deliveries, clock, log: () => {}, random: Math.random, source: 'bench' },
    ...{ config: { current: () => nobody }, everything: [receiverOf('pager'), receiverOf('chat')] },
    mutes: new SqliteMutes(database, deliveries),
    send: async () => ({ failure: 'nothing is sent', unsure: false }),
  })
  const metrics = new PrometheusMetrics()
  let opened = 0
  const take = (count: number) => {
    const signals = Array.from({ length: count }, () => {
      const group = { name: 'tenant', value: `t${opened % GROUPS_OF_A_RULE}` }
      const rule = `R${Math.floor(opened++ / GROUPS_OF_A_RULE)}`
      return signalOf({ rule, group, trace: opened, atMs: nowMs, severity: 'high' })
    })
    return incidents.take(signals)
  }
  const look = async () => {
    await incidents.runDue()
    await notifier.runDue()
  }
  return {
    look,
    async open(count, aSecond) {
      const aTick = (aSecond * TICK_MS) / 1_000
      for (let left = count, tick = 1; left > 0; left -= aTick, tick++) {
        await take(Math.min(left, aTick))
        nowMs += TICK_MS
        if (tick % 2 === 0) await notifier.start()
        if (tick % 10 === 0) await look()
      }
      await look()
    },
    pass(ms) {
      nowMs += ms
    },
    metrics: () => metrics.render(incidentReadings(rules, { incidents, incidentStore, notifier, deliveries })),
    backlog: () => deliveries.due(nowMs, 1_000_000).length,
    countOpen: () => incidentStore.countOpen().reduce((sum, { count }) => sum + count, 0),
  }
}

function receiverOf(name: 'pager' | 'chat'): Receiver {
  const traits = { pages: name === 'pager', edits: name === 'chat', dedups: name === 'pager', target: name }
  return { name, type: name, traits, tell: async () => ({ outcome: 'taken' }) }
}

/** Processor time of some work, in milliseconds. */
export async function cpuMsOf(work: () => unknown): Promise<number> {
  const startedMs = cpuMs()
  await work()
  return cpuMs() - startedMs
}
