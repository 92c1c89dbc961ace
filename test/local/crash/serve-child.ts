import { setTimeout as pause } from 'node:timers/promises'
import { compactFolder } from '../../../local/maintenance/compact.ts'
import { startRuntime } from '../../../local/runtime.ts'

/**
 * A runtime in a process of its own, to be killed: says where it listens and runs until then. It forgets chunks after
 * seconds, unless told, and merges its archive all the time, so that it is killed while it does so, too.
 */
const [dataFolder = '', rules = '', webhook = '', jsonLinesFile = '', chunkRetentionMs = '20000'] =
  process.argv.slice(2)
const webhooks = [{ url: webhook, retryDelayMs: 50, maxRetryDelayMs: 200 }]
const HOUR_MS = 3_600_000
let stopping = false
const runtime = await startRuntime({
  dataFolder,
  rulePaths: [rules],
  jsonLinesFile,
  settings: {
    port: 0,
    quietPeriodMs: 50,
    incompleteWaitMs: 50,
    retryDelayMs: 50,
    maxTraceAgeMs: 5_000,
    chunkRetentionMs: Number(chunkRetentionMs),
    // Without a rate: each signal is to be seen.
    maxSignalsPerMinute: 1e9,
    webhooks,
  },
})
process.stdout.write(`${runtime.url}\n`)

async function maintain(): Promise<void> {
  while (!stopping) {
    await runtime.runDue()
    const nowMs = Date.now()
    // Two hours ahead: what was merged before may be deleted.
    const hours = compactFolder(dataFolder, { fromMs: nowMs - 2 * HOUR_MS, toMs: nowMs + HOUR_MS }, nowMs + 2 * HOUR_MS)
    for await (const hour of hours) if (hour.failures.length > 0) process.stderr.write(JSON.stringify(hour.failures))
    await pause(100)
  }
}

const maintained = maintain()
process.stdin.resume().once('end', () => process.exit(1))
process.once('SIGTERM', async () => {
  stopping = true
  await maintained
  await runtime.close()
  process.exit(0)
})
