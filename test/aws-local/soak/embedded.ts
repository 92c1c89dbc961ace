import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Runtime, startRuntime } from '../../../local/runtime.ts'
import type { SignalEvent } from '../../../shared/pipeline/signal.ts'
import { PATIENT_RULES, RULES_FOLDER } from './furnish.ts'
import type { OtlpRequest } from './request.ts'

/** The embedded runtime, on a clock of its own, as it was left by the same requests. */
export interface Embedded {
  send(request: OtlpRequest): Promise<void>
  /** Lets the given time pass, without judging. */
  advance(ms: number): void
  /** Judges what is due. */
  judge(): Promise<void>
  /** Lets time pass until every trace is judged. */
  settle(): Promise<void>
  stored(): readonly SignalEvent[]
  published(): readonly SignalEvent[]
  stop(): Promise<void>
}

/** Waits of a deployed stack by default, so that both judge at the same moments; every signal is kept, as there. */
const SETTINGS = {
  quietPeriodMs: 30_000,
  incompleteWaitMs: 120_000,
  maxSignalsPerMinute: 100_000,
  firstSignalSamples: 1_000_000,
  port: 0,
}
const NEVER = { after: () => () => {} }
const STEP_MS = 10_000
const PAGE = 1_000_000

export async function startEmbedded(startMs: number): Promise<Embedded> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'betrace-soak-'))
  const patientRules = join(dataFolder, 'patient.rules')
  writeFileSync(patientRules, PATIENT_RULES)
  let nowMs = startMs
  const published: SignalEvent[] = []
  const runtime: Runtime = await startRuntime({
    dataFolder,
    rulePaths: [RULES_FOLDER, patientRules],
    settings: { ...SETTINGS, maxBehindMs: 3_600_000, webhooks: [{ url: 'http://subscriber' }] },
    clock: () => nowMs,
    scheduler: NEVER,
    fetch: async (_, request) => {
      const event = JSON.parse(String(request?.body))
      // Webhooks get incidents, too.
      if (event.type.startsWith('dev.betrace.signal.')) published.push(event)
      return new Response()
    },
  })
  return {
    async send({ headers, body }) {
      const response = await fetch(`${runtime.url}/v1/traces`, { method: 'POST', headers, body: Buffer.from(body) })
      if (response.status !== 200) throw new Error(`the embedded runtime answered ${response.status}`)
      await response.arrayBuffer()
    },
    advance(ms) {
      nowMs += ms
    },
    judge: () => runtime.runDue(),
    async settle() {
      while (runtime.stats().timersWaiting > 0) {
        nowMs += STEP_MS
        await runtime.runDue()
      }
      await runtime.runDue()
    },
    stored: () => runtime.signals.find({ limit: PAGE }).map(({ event }) => event),
    published: () => published,
    async stop() {
      await runtime.close()
      rmSync(dataFolder, { recursive: true, force: true })
    },
  }
}
