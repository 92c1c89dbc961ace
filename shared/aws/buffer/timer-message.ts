import * as v from 'valibot'
import type { Timer } from '../../pipeline/ports.ts'

/** Says: look whether an incident is over. */
export interface IncidentTimer {
  readonly kind: 'incident'
  readonly key: string
  /** Of the head that asks for the look; a newer one has a timer of its own. */
  readonly version: number
  readonly dueAtMs: number
  /** How often handling it has failed. */
  readonly attempt: number
}

/** What waits in the queue of timers. */
export type QueuedTimer = Timer | IncidentTimer

const due = { dueAtMs: v.number(), attempt: v.number() }
const message = v.variant('kind', [
  v.object({ kind: v.literal('trace'), traceId: v.string(), chunkKeys: v.array(v.string()), ...due }),
  v.object({ kind: v.literal('incident'), key: v.string(), version: v.number(), ...due }),
])

/** A timer as the text of a queue message. */
export function timerMessage(timer: QueuedTimer): string {
  return JSON.stringify(timer)
}

/** The timer in the text of a queue message, or undefined where BeTrace did not write it. */
export function timerOf(text: string): QueuedTimer | undefined {
  try {
    const parsed = v.safeParse(message, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
