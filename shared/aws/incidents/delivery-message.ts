import * as v from 'valibot'
import type { DeliveryId } from '../../incidents/delivery.ts'
import type { Clock } from '../../pipeline/ports.ts'
import { type MessageQueue, sendDelayed } from '../buffer/delayed-messages.ts'

/** Says: look whether a receiver has to be notified. */
export interface DeliveryMessage extends DeliveryId {
  readonly dueAtMs: number
}

const message = v.object({ key: v.string(), episode: v.number(), receiver: v.string(), dueAtMs: v.number() })

/** The message in a text, or undefined where BeTrace did not write it. */
export function deliveryMessageOf(text: string): DeliveryMessage | undefined {
  try {
    const parsed = v.safeParse(message, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}

/** Sends looks at deliveries. */
export type SendDeliveries = (messages: readonly DeliveryMessage[]) => Promise<void>

/** Looks at deliveries as delayed messages of a queue. */
export function sqsDeliveries(queue: MessageQueue, clock: Clock): SendDeliveries {
  return async (messages) => {
    const texts = messages.map(({ key, episode, receiver, dueAtMs }) => {
      return { text: JSON.stringify({ key, episode, receiver, dueAtMs }), dueAtMs }
    })
    await sendDelayed(queue, texts, clock())
  }
}
