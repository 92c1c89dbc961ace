import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { Clock, Timers } from '../../pipeline/ports.ts'
import { asked } from '../aws-failure.ts'
import type { Backoff } from '../until-taken.ts'
import { sendDelayed } from './delayed-messages.ts'
import { type QueuedTimer, timerMessage } from './timer-message.ts'

/** Where timers go, and where those go that failed too often. */
export interface TimerQueues {
  readonly client: SQSClient
  readonly timersUrl: string
  readonly deadLettersUrl: string
  readonly backoff: Backoff
}

/** A reason is for people; a message attribute has no room for more. */
const REASON_CHARACTERS = 1_000

/** Timers as delayed messages of a queue; one that arrives before it is due is armed again by whoever gets it. */
export class SqsTimers implements Timers {
  private readonly queues: TimerQueues
  private readonly clock: Clock

  constructor(queues: TimerQueues, clock: Clock) {
    this.queues = queues
    this.clock = clock
  }

  async arm(timers: readonly QueuedTimer[]): Promise<void> {
    const { client, timersUrl: url, backoff } = this.queues
    const texts = timers.map((timer) => ({ text: timerMessage(timer), dueAtMs: timer.dueAtMs }))
    await sendDelayed({ client, url, backoff }, texts, this.clock())
  }

  async bury(timer: QueuedTimer, reason: string): Promise<void> {
    const { client, deadLettersUrl } = this.queues
    const send = new SendMessageCommand({
      QueueUrl: deadLettersUrl,
      MessageBody: timerMessage(timer),
      MessageAttributes: {
        reason: { DataType: 'String', StringValue: reason.slice(0, REASON_CHARACTERS) || 'unknown' },
      },
    })
    await asked('bury a timer', client.send(send))
  }
}
