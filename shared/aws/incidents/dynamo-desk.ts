import type { IncidentDesk } from '../../incidents/api/desk.ts'
import { endByHand } from '../../incidents/end-incident.ts'
import type { NotifyConfig } from '../../incidents/notify/config.ts'
import { oneByOne } from '../../incidents/store-steps.ts'
import type { Clock } from '../../pipeline/ports.ts'
import type { DynamoTable } from '../dynamo-requests.ts'
import { DynamoDeliveries } from './dynamo-deliveries.ts'
import { DynamoIncidents } from './dynamo-incidents.ts'
import { DynamoMutes } from './dynamo-mutes.ts'
import { incidentsKeyed, listIncidents } from './list-incidents.ts'
import { wakeMuted } from './wake-muted.ts'

/**
 * The incidents and mutes of a stack, straight from its table. What is changed here reaches the dispatcher by the table's
 * stream, which notifies receivers.
 */
export function dynamoDesk(table: DynamoTable, clock: Clock, config: () => Promise<NotifyConfig>): IncidentDesk {
  const incidents = new DynamoIncidents(table, clock)
  const deliveries = new DynamoDeliveries(table, clock)
  const mutes = new DynamoMutes(table, clock)
  return {
    list: (state, limit) => listIncidents(table, state, limit),
    keyed: (prefix, limit) => incidentsKeyed(table, prefix, limit),
    liveMembers: (key, fromMs) => incidents.liveMembers(key, fromMs),
    exercise: (rule, sinceMs) => incidents.exercise(rule, sinceMs),
    latest: (key, fromMs, limit) => incidents.latest(key, fromMs, limit),
    openedBy: (traceId, exceptKey, limit) => incidents.openedBy(traceId, exceptKey, limit),
    deliveriesOf: (key) => deliveries.of(key),
    endByHand: (key, hand) => oneByOne(endByHand(key, { nowMs: clock() }, hand), incidents),
    config,
    activeMutes: (nowMs) => mutes.active(nowMs),
    mutes: (limit) => mutes.list(limit),
    readMute: (id) => mutes.read(id),
    addMute: (mute) => mutes.add(mute),
    async removeMute(id, nowMs) {
      const removed = await mutes.remove(id, nowMs)
      if (removed === undefined) return undefined
      // Whoever dies from here on leaves the rest to the sweep.
      const woken = await wakeMuted(deliveries, await deliveries.allOpen(), [removed], nowMs)
      await Promise.all([...new Set(woken.map(({ key }) => key))].map((key) => incidents.touch(key)))
      return removed
    },
  }
}
