import { type DeliverySettings, floodedRow } from './deliver.ts'
import { type DeliveryId, type DeliveryRow, FLOOD } from './delivery.ts'
import type { IncidentHead } from './incident.ts'
import type { Receiver } from './receivers/receiver.ts'

/** A delivery that waits, with the incident that it is about. */
export interface WaitingDelivery {
  readonly id: DeliveryId
  readonly row: DeliveryRow
  readonly head: IncidentHead
}

export interface GatherContext {
  readonly receiver: Pick<Receiver, 'traits'>
  readonly settings: Pick<DeliverySettings, 'waitMs'>
  readonly nowMs: number
  readonly isMuted: (head: IncidentHead) => boolean
}

/**
 * The rows, as they are from now on, of openings that share one notice: what opened together is one message for a receiver that
 * wakes nobody. It is sent when the first of them has waited; fewer than two are sent alone, as are those of critical rules.
 */
export function gathered(
  waiting: readonly WaitingDelivery[],
  context: GatherContext,
): readonly Pick<WaitingDelivery, 'id' | 'row'>[] {
  if (context.receiver.traits.pages) return []
  const { nowMs, settings } = context
  const opening = waiting.filter((delivery) => isOpening(delivery, context))
  const isTime = opening.some(({ head }) => head.openedAtMs + settings.waitMs <= nowMs)
  if (opening.length < 2 || !isTime) return []
  return opening.map(({ id, row, head }) => {
    const { dueAtMs: _, heldBy: __, ...rest } = row
    return { id, row: { ...rest, ...floodedRow(head, nowMs), version: row.version + 1 } }
  })
}

function isOpening({ id, row, head }: WaitingDelivery, { nowMs, isMuted }: GatherContext): boolean {
  if (id.key === FLOOD || head.episode !== id.episode || head.state !== 'open') return false
  if (row.notified === 'open' || row.doing !== undefined || row.refused || row.leaseUntilMs > nowMs) return false
  return head.about.severity !== 'critical' && !isMuted(head)
}
