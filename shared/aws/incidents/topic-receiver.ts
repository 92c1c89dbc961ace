import type { Receiver } from '../../incidents/receivers/receiver.ts'
import { SNS } from '../../incidents/receivers/sns.ts'
import type { Clock } from '../../pipeline/ports.ts'

/** The name of the topic of all incidents, which no receiver of a file can have. */
export const INCIDENT_TOPIC = '(incidents topic)'

/** The stack's own topic, which is notified of every incident. */
export function topicReceiver(topic: string, clock: Clock): Receiver {
  return SNS.open(INCIDENT_TOPIC, { topic }, { clock })
}
