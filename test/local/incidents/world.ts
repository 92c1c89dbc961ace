import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Runtime } from '../../../local/runtime.ts'
import { CHARGE, type Home, type runtimes, VALIDATION } from '../harness.ts'
import { newReceiver, type Receiver } from '../sinks/receiver.ts'

export const MINUTE_MS = 60_000

export const traceId = (number: number) => (number + 1).toString(16).padStart(32, '0')

interface IncidentEventData {
  readonly type: string
  readonly data: { readonly count: number }
}

/** What a receiver was notified of incidents. */
export function incidentsAt({ received }: Receiver): readonly (readonly [change: string, count: number])[] {
  const events = received.map(({ event }) => event as unknown as IncidentEventData)
  return events
    .filter(({ type }) => type.startsWith('dev.betrace.incident.'))
    .map(({ type, data }) => [type.slice('dev.betrace.incident.'.length), data.count])
}

/** Breaks and keeps the rule of the harness. */
export function traffic({ send, pass }: Pick<ReturnType<typeof runtimes>, 'send' | 'pass'>) {
  const judged = async (runtime: Runtime, spans: Parameters<typeof send>[1], first: number, traces: number) => {
    for (let number = first; number < first + traces; number++) await send(runtime, spans, traceId(number))
    await pass(runtime, 5_000)
    await pass(runtime, 10_000)
  }
  return {
    breakRule: (runtime: Runtime, first = 1, traces = 1) => judged(runtime, [CHARGE], first, traces),
    keepRule: (runtime: Runtime, first: number, traces: number) => judged(runtime, [CHARGE, VALIDATION], first, traces),
    async passMinutes(runtime: Runtime, minutes: number) {
      for (let left = minutes; left > 0; left--) await pass(runtime, MINUTE_MS)
    },
  }
}

/** A receiver that is closed when the test ends. */
export async function openReceiver(): Promise<Receiver> {
  const receiver = await newReceiver()
  onTestFinished(() => receiver.close())
  return receiver
}

/** A folder with a file of receivers: one, a webhook unless told, and what is added to the file. */
export function notifyingHome(home: Home, url: string, rest = '', type = 'webhook') {
  const notifyFile = join(home.rules, '..', 'notify.yaml')
  const write = (added: string) =>
    writeFileSync(notifyFile, `version: 1\nreceivers:\n  hook: { type: ${type}, url: "${url}" }\n${added}`)
  write(rest)
  return { home, notifyFile, write }
}
