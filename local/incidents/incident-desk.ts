import { setImmediate as turn } from 'node:timers/promises'
import type { IncidentDesk, ListedState } from '../../shared/incidents/api/desk.ts'
import type { IncidentHead } from '../../shared/incidents/incident.ts'
import type { NotifyConfigSource } from '../../shared/incidents/notify/config.ts'
import type { SqliteDeliveries } from '../sqlite/sqlite-deliveries.ts'
import type { SqliteIncidents } from '../sqlite/sqlite-incidents.ts'
import type { SqliteMutes } from '../sqlite/sqlite-mutes.ts'
import type { LocalIncidents } from './local-incidents.ts'

interface LocalDeskDeps {
  readonly incidents: LocalIncidents
  readonly store: SqliteIncidents
  readonly deliveries: SqliteDeliveries
  readonly mutes: SqliteMutes
  readonly config: NotifyConfigSource
}

const STATES: Readonly<Record<ListedState, readonly IncidentHead['state'][]>> = {
  open: ['open', 'resolving'],
  ended: ['resolved'],
  all: ['open', 'resolving', 'resolved'],
}

/** The incidents and mutes of this process, for the API. */
export function localIncidentDesk({ incidents, store, deliveries, mutes, config }: LocalDeskDeps): IncidentDesk {
  return {
    list: async (state, limit) => store.list(STATES[state], limit),
    keyed: async (prefix, limit) => store.keyed(prefix, limit),
    async liveMembers(key, fromMs) {
      // Counting takes milliseconds an incident: judging and requests have the process in between.
      await turn()
      return store.liveMembers(key, fromMs)
    },
    exercise: async (rule, sinceMs) => store.exercise(rule, sinceMs),
    latest: async (key, fromMs, limit) => store.latest(key, fromMs, limit),
    openedBy: async (traceId, exceptKey, limit) => store.openedBy(traceId, exceptKey, limit),
    deliveriesOf: async (key) => deliveries.of(key),
    endByHand: (key, hand) => incidents.endByHand(key, hand),
    config: async () => config.current(),
    activeMutes: async (nowMs) => mutes.active(nowMs),
    mutes: async (limit) => mutes.list(limit),
    readMute: async (id) => mutes.read(id),
    addMute: (mute) => mutes.add(mute),
    removeMute: (id, nowMs) => mutes.remove(id, nowMs),
  }
}
