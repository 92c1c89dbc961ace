import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { metric } from '../../../bench/load/served.ts'
import { tracesData } from '../../pipeline/traces.ts'

/** Each trace is sent as so many requests of one span, each span breaking a rule of its own. */
const SPANS_OF_A_TRACE = 3
const SENDERS = 8
const RULES = Array.from(
  { length: SPANS_OF_A_TRACE },
  (_, step) => `// Signal: STEP_${step + 1} (high)\ntrace.has(step.${step + 1})\n`,
).join('\n')

export interface CampaignOptions {
  /** An empty folder; the data of all rounds lies in it. */
  readonly folder: string
  readonly rounds: number
  /** When to kill, in milliseconds after the server of a round listens. */
  readonly killAfterMs: (round: number) => number
  readonly onRound?: (round: number, acknowledged: number) => void
}

/** What came of it, over all rounds; spans and signals as `trace id, rule`. */
export interface CampaignResult {
  readonly acknowledged: ReadonlySet<string>
  /** The ids under which each signal was delivered; how often, in all. */
  readonly delivered: ReadonlyMap<string, ReadonlySet<string>>
  readonly deliveries: number
}

/**
 * Kills a loaded server without warning, round after round over the same data, then lets one run until all is judged
 * and delivered. What was acknowledged must then be judged: each span has its signal.
 */
export async function crashCampaign({
  folder,
  rounds,
  killAfterMs,
  onRound,
}: CampaignOptions): Promise<CampaignResult> {
  const rules = join(folder, 'rules')
  mkdirSync(rules)
  writeFileSync(join(rules, 'steps.rules'), RULES)
  const receiver = await receiveSignals()
  const data = join(folder, 'data')
  const acknowledged = new Set<string>()
  try {
    for (let round = 1; round <= rounds; round++) {
      await killedRound({ data, rules, webhook: receiver.url }, round, killAfterMs(round), acknowledged)
      onRound?.(round, acknowledged.size)
    }
    await finish({ data, rules, webhook: receiver.url })
    return { acknowledged, delivered: receiver.delivered, deliveries: receiver.deliveries() }
  } finally {
    receiver.server.close()
  }
}

interface Place {
  readonly data: string
  readonly rules: string
  readonly webhook: string
}

async function killedRound(place: Place, round: number, afterMs: number, acknowledged: Set<string>): Promise<void> {
  const { child, url } = await serve(place)
  const exit = once(child, 'exit')
  const killing = pause(afterMs).then(() => child.kill('SIGKILL'))
  let traces = 0
  const sendTraces = async () => {
    while (child.exitCode === null && child.signalCode === null) {
      const traceId = (BigInt(round) * 1_000_000_000n + BigInt(++traces)).toString(16).padStart(32, '0')
      for (let step = 1; step <= SPANS_OF_A_TRACE; step++) {
        if (await sendStep(url, traceId, step)) acknowledged.add(`${traceId} STEP_${step}`)
      }
    }
  }
  await Promise.all([killing, ...Array.from({ length: SENDERS }, sendTraces)])
  await exit
}

async function sendStep(url: string, traceId: string, step: number): Promise<boolean> {
  const body = Buffer.from(tracesData([{ name: `step.${step}`, id: step, startMs: Date.now() }], traceId))
  const headers = { 'content-type': 'application/x-protobuf' }
  try {
    return (await fetch(`${url}/v1/traces`, { method: 'POST', headers, body })).status === 200
  } catch {
    return false
  }
}

async function serve({ data, rules, webhook }: Place) {
  const script = fileURLToPath(new URL('./serve-child.ts', import.meta.url))
  const child = spawn(process.execPath, [script, data, rules, webhook], { stdio: ['ignore', 'pipe', 'ignore'] })
  const [url] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown]
  if (!Buffer.isBuffer(url)) throw new Error(`the server did not start again over ${data}`)
  return { child, url: String(url).trim() }
}

const FINISH_LIMIT_MS = 120_000

/** Lets a server work off what is left. */
async function finish(place: Place): Promise<void> {
  const { child, url } = await serve(place)
  const exit = once(child, 'exit')
  const startedMs = performance.now()
  while ((await metric(url, 'betrace_timers_waiting')) + (await metric(url, 'betrace_webhook_waiting')) > 0) {
    if (performance.now() - startedMs > FINISH_LIMIT_MS) throw new Error('timers or deliveries are left over')
    await pause(50)
  }
  child.kill('SIGTERM')
  await exit
}

/** Takes in signals as a webhook. */
async function receiveSignals() {
  const delivered = new Map<string, Set<string>>()
  let deliveries = 0
  const server: Server = createServer(async (request, response) => {
    const { data, signalid } = JSON.parse(await text(request))
    const key = `${data.traceId} ${data.signal}`
    delivered.set(key, (delivered.get(key) ?? new Set()).add(signalid))
    deliveries++
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return { server, url, delivered, deliveries: () => deliveries }
}
