import { parseArgs } from 'node:util'
import { saveResult } from '../../../bench/machine.ts'
import { soak } from './soak.ts'

const HELP = `Usage: npm run soak -- [TRACES] [--seed NUMBER] [--save]

Drives so many traces (1,000 unless told) through the bundled functions on DynamoDB Local and fauxqs while calls fail,
answers are lost, functions are killed and overtaken, messages come twice and in any order and clocks differ; sends the
same requests to the embedded runtime; and compares which signals each stored and published, what is archived, and what is in incidents.
Needs Java 17 or newer.

Options:
  --seed NUMBER  another draw of traces and faults (1 unless told)
  --save         writes bench/results/soak.json
  --help         this text

Examples:
  npm run soak                        some minutes
  npm run soak -- 10000 --seed 7      what a release should pass

Exit code: 0 all is equal, 1 something differs or a kind of fault did not happen, 2 bad input.
`

const SHOWN = 50

async function main(): Promise<number> {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\nsee npm run soak -- --help\n`)
    return 2
  }
  const { traces, seed, save, help } = parsed
  if (help) {
    process.stdout.write(HELP)
    return 0
  }
  const startedMs = performance.now()
  const seconds = () => Math.round((performance.now() - startedMs) / 1000)
  const tell = (what: string) => process.stderr.write(`${String(seconds()).padStart(5)} s  ${what}\n`)
  const result = await soak({
    traces,
    seed,
    onPhase: tell,
    onProgress: (progress) => tell(`  ${progress}`),
  })
  const { differences, untested, counts, events } = result
  for (const [what, amount] of Object.entries(counts).sort()) {
    process.stdout.write(`${String(amount).padStart(9)}  ${what}\n`)
  }
  for (const { traceId, what } of differences.slice(0, SHOWN)) process.stdout.write(`trace ${traceId}  ${what}\n`)
  if (differences.length > SHOWN) process.stdout.write(`… and ${differences.length - SHOWN} more\n`)
  for (const kind of untested) process.stdout.write(`✗ too seldom to say anything: ${kind}\n`)
  const verdict =
    differences.length === 0
      ? '✓ the same signals, and every span archived once'
      : `✗ ${differences.length} differences`
  process.stdout.write(
    `${verdict}: ${traces} traces, seed ${seed}, ${events.stored} events stored (${events.retracted} retractions), ` +
      `${events.published} published, ${seconds()} s\n`,
  )
  if (save)
    saveResult('soak', { traces, seed, seconds: seconds(), differences: differences.length, untested, events, counts })
  return differences.length + untested.length > 0 ? 1 : 0
}

function parse() {
  const options = {
    seed: { type: 'string', default: '1' },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const [traces = '1000', ...others] = positionals
  if (others.length > 0) throw new Error(`one number of traces is enough, got "${positionals.join(' ')}"`)
  return { ...values, traces: wholeNumber(traces, 50), seed: wholeNumber(values.seed, 0) }
}

function wholeNumber(text: string, least: number): number {
  if (!/^\d+$/.test(text) || Number(text) < least)
    throw new Error(`expected a whole number from ${least}, got "${text}"`)
  return Number(text)
}

// However it ends, Java has to end with it: that happens on exit, which a signal alone skips.
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const) {
  process.once(signal, () => process.exit(128 + number))
}
try {
  process.exitCode = await main()
} catch (error) {
  process.stdout.write(`✗ ${error instanceof Error ? error.message : error} (${process.argv.slice(2).join(' ')})\n`)
  process.exitCode = 1
}
