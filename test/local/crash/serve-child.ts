import { setTimeout as pause } from 'node:timers/promises'
import { compactFolder } from '../../../local/maintenance/compact.ts'
import { startRuntime } from '../../../local/runtime.ts'
import { type Place, timeOn } from './server.ts'
import { VENDOR_KEYS } from './vendors.ts'

/**
 * A runtime in a process of its own, to be killed: says where it listens and runs until then. It forgets chunks after
 * seconds, unless told, and merges its archive all the time, so that it is killed while it does so, too.
 */
const place = JSON.parse(process.argv[2] ?? '{}') as Place
const { data: dataFolder, rules, webhook, jsonl, notify, chunkRetentionMs = 20_000 } = place
const clock = place.clock ?? { startMs: Date.now(), speed: 1 }
/** Times are as long for everybody who waits, however fast the clock runs. */
const onClock = (ms: number) => ms * clock.speed
const HOUR_MS = 3_600_000
let stopping = false
const runtime = await startRuntime({
  dataFolder,
  rulePaths: [rules],
  jsonLinesFile: jsonl,
  ...(notify !== undefined && { notifyFile: notify }),
  environment: VENDOR_KEYS,
  clock: () => timeOn(clock),
  settings: {
    port: 0,
    quietPeriodMs: onClock(50),
    incompleteWaitMs: onClock(50),
    retryDelayMs: onClock(50),
    maxTraceAgeMs: onClock(5_000),
    chunkRetentionMs: onClock(chunkRetentionMs),
    // Without a rate: each signal is to be seen.
    maxSignalsPerMinute: 1e9,
    // Some incidents open again in their episode, others begin another one.
    incidentQuietMs: 10_000,
    incidentCooldownMs: 180_000,
    webhooks: [{ url: webhook, retryDelayMs: onClock(50), maxRetryDelayMs: onClock(200) }],
  },
})
process.stdout.write(`${runtime.url}\n`)

async function maintain(): Promise<void> {
  while (!stopping) {
    await runtime.runDue()
    const nowMs = timeOn(clock)
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
