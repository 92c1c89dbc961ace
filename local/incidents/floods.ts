import { type DeliveryId, FLOOD, newDelivery } from '../../shared/incidents/delivery.ts'
import { type Flood, floodFrom } from '../../shared/incidents/flood.ts'
import type { StoredIncident } from '../../shared/incidents/incident.ts'
import type { SqliteDeliveries } from '../sqlite/sqlite-deliveries.ts'
import type { SqliteIncidents } from '../sqlite/sqlite-incidents.ts'

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
  return floodFrom(known, { episode, fromMs: fromMs + FLOODED_BEFORE_MS, count: keys.length, isOpen })
}
