import { type DeliveryId, FLOOD, newDelivery } from '../../shared/incidents/delivery.ts'
import type { IncidentHead, StoredIncident } from '../../shared/incidents/incident.ts'
import { SEVERITIES } from '../../shared/rules/read/header.ts'
import type { SqliteDeliveries } from '../sqlite/sqlite-deliveries.ts'
import type { SqliteIncidents } from '../sqlite/sqlite-incidents.ts'

/** Incidents that a flood notice names; it says how many there are. */
const MAX_NAMED = 50

/** Makes a row for the flood notice of each receiver that has flooded incidents and none yet; as part of the write under way. */
export function startFloods(deliveries: SqliteDeliveries, nowMs: number): void {
  const floods = deliveries.of(FLOOD)
  for (const receiver of deliveries.flooded()) {
    const own = floods.filter(({ id }) => id.receiver === receiver)
    if (own.some(({ row }) => row.notified !== 'resolved')) continue
    const episode = 1 + Math.max(0, ...own.map(({ id }) => id.episode))
    const row = newDelivery({ updates: true, ended: true }, nowMs)
    // What was flooded a moment before belongs to it.
    deliveries.put({ key: FLOOD, episode, receiver }, { ...row, floodFromMs: nowMs - FLOODED_BEFORE_MS })
  }
}

const FLOODED_BEFORE_MS = 60_000

/** A flood in the form of an incident, and the incidents that are part of it. */
export interface Flood {
  readonly head: IncidentHead
  readonly count: number
  readonly incidents: readonly StoredIncident[]
}

/** The flood of a row; undefined where nothing of it is known any more. */
export function floodOf(
  { receiver, episode }: DeliveryId,
  fromMs: number,
  deliveries: SqliteDeliveries,
  incidents: SqliteIncidents,
): Flood | undefined {
  const { keys, isOpen } = deliveries.flood(receiver, fromMs)
  const known = keys.flatMap((key): readonly StoredIncident[] => {
    const head = incidents.readHead(key)
    return head === undefined ? [] : [{ key, head }]
  })
  const bySeverity = known.toSorted((a, b) => rankOf(a) - rankOf(b))
  const [worst] = bySeverity
  if (worst === undefined) return undefined
  const head: IncidentHead = {
    ...worst.head,
    version: keys.length * 2 + (isOpen ? 0 : 1),
    state: isOpen ? 'open' : 'resolved',
    episode,
    opening: 1,
    openedAtMs: fromMs + FLOODED_BEFORE_MS,
  }
  return { head, count: keys.length, incidents: bySeverity.slice(0, MAX_NAMED) }
}

function rankOf({ head }: StoredIncident): number {
  return SEVERITIES.indexOf(head.about.severity)
}
