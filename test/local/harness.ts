import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { RuntimeOptions } from '../../local/dependencies.ts'
import { type Runtime, startRuntime } from '../../local/runtime.ts'
import type { RuntimeSettingsInput } from '../../local/settings.ts'
import { MemoryArchive } from '../pipeline/memory-stores.ts'
import { type TestSpan, TRACE_ID, tracesData } from '../pipeline/traces.ts'
import { closeDatabases, newFolder } from './sqlite/databases.ts'

export const UNVALIDATED = `// Signal: PAYMENT_INVARIANT_VIOLATION (critical)
// Runbook: https://runbooks.example/payments
trace.has(payment.charge)
  and not trace.has(cart.validate)
`

/** The span that breaks the rule, and the one that completes the trace. */
export const CHARGE: TestSpan = { name: 'payment.charge', id: 1, service: 'payments' }
export const VALIDATION: TestSpan = { name: 'cart.validate', id: 2, parent: 1 }

/** Where a runtime keeps its data and finds its rules; several may run there one after the other. */
export interface Home {
  readonly dataFolder: string
  readonly rules: string
}

/** Runtimes whose time stands still until a test moves it; all are closed after each test. */
export function runtimes() {
  const running: Runtime[] = []
  let nowMs = 1_764_000_000_000

  afterEach(async () => {
    for (const runtime of running.splice(0)) await runtime.close()
    closeDatabases()
  })

  return {
    now: () => nowMs,

    newHome(rules = UNVALIDATED): Home {
      const folder = newFolder()
      const home = { dataFolder: join(folder, 'data'), rules: join(folder, 'rules') }
      mkdirSync(home.rules)
      writeFileSync(join(home.rules, 'seed.rules'), rules)
      return home
    },

    /** `kept`: traces go to Parquet files, as they do unless told; else to memory. */
    async start(home: Home, settings: RuntimeSettingsInput = {}, options: Partial<RuntimeOptions> = {}, kept = false) {
      const runtime = await startRuntime({
        dataFolder: home.dataFolder,
        rulePaths: [home.rules],
        settings: { port: 0, ...settings },
        clock: () => nowMs,
        scheduler: { after: () => () => {} },
        log: () => {},
        ...(kept ? {} : { archive: new MemoryArchive() }),
        ...options,
      })
      running.push(runtime)
      return runtime
    },

    async stop(runtime: Runtime): Promise<void> {
      running.splice(running.indexOf(runtime), 1)
      await runtime.close()
    },

    /** Moves the time and lets the runtime do what is due. */
    async pass(runtime: Runtime, ms: number): Promise<void> {
      nowMs += ms
      await runtime.runDue()
    },

    /** Sends spans, which start now unless told, as one OTLP request; returns the HTTP status. */
    async send(runtime: Runtime, spans: readonly TestSpan[], traceId = TRACE_ID): Promise<number> {
      const started = spans.map((span) => ({ startMs: nowMs, ...span }))
      const headers = { 'content-type': 'application/x-protobuf' }
      const body = Buffer.from(tracesData(started, traceId))
      const response = await fetch(`${runtime.url}/v1/traces`, { method: 'POST', headers, body })
      return response.status
    },
  }
}

/** Every status change that is stored, as `rule status sequence`. */
export function statuses(runtime: Runtime): readonly string[] {
  return runtime.signals.find({}).map(({ event }) => `${event.data.signal} ${event.status} ${event.sequence}`)
}

/** The lines of `/metrics` that start so. */
export async function metric(runtime: Runtime, start: string): Promise<readonly string[]> {
  const text = await (await fetch(`${runtime.url}/metrics`)).text()
  return text.split('\n').filter((line) => line.startsWith(start))
}
