import * as v from 'valibot'
import type { Timer } from '../../pipeline/ports.ts'

const due = { dueAtMs: v.number(), attempt: v.number() }
const message = v.variant('kind', [
  v.object({ kind: v.literal('trace'), traceId: v.string(), chunkKeys: v.array(v.string()), ...due }),
])

/** A timer as the text of a queue message. */
export function timerMessage(timer: Timer): string {
  return JSON.stringify(timer)
}

/** The timer in the text of a queue message, or undefined where BeTrace did not write it. */
export function timerOf(text: string): Timer | undefined {
  try {
    const parsed = v.safeParse(message, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
