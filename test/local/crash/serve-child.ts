import { startRuntime } from '../../../local/runtime.ts'

/** A runtime in a process of its own, to be killed: says where it listens and runs until then. */
const [dataFolder = '', rules = '', webhook = ''] = process.argv.slice(2)
const webhooks = [{ url: webhook, retryDelayMs: 50, maxRetryDelayMs: 200 }]
const runtime = await startRuntime({
  dataFolder,
  rulePaths: [rules],
  // No storm: each signal is to be seen.
  settings: { port: 0, quietPeriodMs: 50, incompleteWaitMs: 50, retryDelayMs: 50, stormLimit: 1e9, webhooks },
})
process.stdout.write(`${runtime.url}\n`)
process.once('SIGTERM', () => runtime.close().then(() => process.exit(0)))
