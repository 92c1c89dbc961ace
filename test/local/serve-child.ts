import { startRuntime } from '../../local/runtime.ts'

/** A runtime in a process of its own, to be killed: says where it listens and runs until then. */
const [dataFolder = '', rules = ''] = process.argv.slice(2)
const runtime = await startRuntime({ dataFolder, rulePaths: [rules], settings: { port: 0, quietPeriodMs: 50 } })
process.stdout.write(`${runtime.url}\n`)
