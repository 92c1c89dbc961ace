import { type DeliveryId, type DeliveryRow, FLOOD, newDelivery } from '../../shared/incidents/delivery.ts'
import { type Flood, floodFrom, MAX_FLOOD_NAMED } from '../../shared/incidents/flood.ts'
import type { StoredIncident } from '../../shared/incidents/incident.ts'
import { SEVERITIES } from '../../shared/rules/read/header.ts'
import type { SqliteDeliveries } from '../sqlite/sqlite-deliveries.ts'
import type { SqliteIncidents } from '../sqlite/sqlite-incidents.ts'

/** Makes a row for the flood notice of each of these receivers that has none yet; as part of the write under way. */
export function startFloods(flooded: readonly string[], deliveries: SqliteDeliveries, nowMs: number): void {
  const floods = deliveries.of(FLOOD)
  for (const receiver of flooded) {
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
  const count = SEVERITIES.reduce((sum, severity) => sum + deliveries.countFlooded(receiver, severity, fromMs), 0)
  const known = worstFlooded(receiver, fromMs, deliveries).flatMap((key): readonly StoredIncident[] => {
    const head = incidents.readHead(key)
    return head === undefined ? [] : [{ key, head }]
  })
  const isOpen = deliveries.isFloodOpen(receiver, fromMs)
  return floodFrom(known, { episode, fromMs: fromMs + FLOODED_BEFORE_MS, count, isOpen })
}

/** The most severe incidents of a flood. */
function worstFlooded(receiver: string, fromMs: number, deliveries: SqliteDeliveries): readonly string[] {
  const keys: string[] = []
  for (const severity of SEVERITIES) {
    if (keys.length < MAX_FLOOD_NAMED)
      keys.push(...deliveries.floodedOf(receiver, severity, fromMs, MAX_FLOOD_NAMED - keys.length))
  }
  return keys
}

/** Whether a flood is over, or more severe than its receiver knows. */
export function hasFloodChanged({ receiver }: DeliveryId, row: DeliveryRow, deliveries: SqliteDeliveries): boolean {
  const { floodFromMs: fromMs = 0, notifiedSeverity } = row
  if (!deliveries.isFloodOpen(receiver, fromMs)) return true
  const worse = SEVERITIES.slice(0, notifiedSeverity && SEVERITIES.indexOf(notifiedSeverity))
  return worse.some((severity) => deliveries.floodedOf(receiver, severity, fromMs, 1).length > 0)
}
