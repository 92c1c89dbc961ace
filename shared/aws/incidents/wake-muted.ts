import { inParallel } from '../../concurrency/in-parallel.ts'
import type { DeliveryId } from '../../incidents/delivery.ts'
import type { StoredMute } from '../../incidents/mutes/stored-mute.ts'
import type { DynamoDeliveries, OpenDelivery } from './dynamo-deliveries.ts'

const WIDTH = 8

/** Makes deliveries due that wait for the end of mutes which were removed; returns those. May be done again. */
export async function wakeMuted(
  deliveries: DynamoDeliveries,
  open: readonly OpenDelivery[],
  removed: readonly Pick<StoredMute, 'id'>[],
  nowMs: number,
): Promise<readonly DeliveryId[]> {
  const ids = new Set(removed.map(({ id }) => id))
  if (ids.size === 0) return []
  const waiting = open.filter(({ dueAtMs }) => dueAtMs !== undefined && dueAtMs > nowMs)
  const woken = await inParallel(waiting, WIDTH, async ({ id }) => {
    const row = await deliveries.read(id)
    if (row?.heldBy === undefined || !ids.has(row.heldBy) || (row.dueAtMs ?? 0) <= nowMs) return []
    // Where somebody else has just changed the row, the next sweep finds it if it still waits.
    const written = await deliveries.write(id, { ...row, version: row.version + 1, dueAtMs: nowMs })
    return written ? [id] : []
  })
  return woken.flat()
}
