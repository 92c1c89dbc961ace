import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { saveResult } from './machine.ts'
import { lastKept, measure } from './measure.ts'
import { positive } from './options.ts'
import type { Measurement, Suite } from './suite.ts'

/*
 * npm run bench -- [SUITE…] [--rounds N] [--round-ms N] [--save]
 * Measures every suite (or those named) in processor time, prints a table each, exits 1 where a ratio that must hold
 * does not. `--save` writes bench/results/<suite>.json with version, commit, processor and Node.
 */

const here = new URL('.', import.meta.url)

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '9' },
      'round-ms': { type: 'string', default: '200' },
      save: { type: 'boolean', default: false },
    },
  })
  const effort = { rounds: positive(values.rounds), roundMs: positive(values['round-ms']) }
  let failed = 0
  for (const suite of await loadSuites(positionals)) {
    const measurements = await measure(await suite.cases(), effort, cpuMs, collectGarbage)
    print(suite.name, measurements)
    if (values.save) saveResult(suite.name, { effort, measurements })
    failed += measurements.filter((each) => each.against?.holds === false).length
  }
  if (lastKept() === undefined) throw new Error('nothing was measured')
  process.exitCode = failed > 0 ? 1 : 0
}

/** Time that this process had a processor, so that what else runs on the machine counts as little as can be. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

setFlagsFromString('--expose-gc')
/** So that no case pays for the garbage of the one before. */
const collectGarbage: () => void = runInNewContext('gc')

async function loadSuites(names: readonly string[]): Promise<readonly Suite[]> {
  const known = readdirSync(here).flatMap((file) => file.match(/^(.+)\.bench\.ts$/)?.[1] ?? [])
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Error(`no suite is named ${unknown.join(', ')}; there are ${known.join(', ')}`)
  const chosen = names.length > 0 ? names : known.sort()
  return Promise.all(chosen.map(async (name) => (await import(`./${name}.bench.ts`)).suite as Suite))
}

function print(suite: string, measurements: readonly Measurement[]): void {
  const rows = measurements.map((each) => [
    each.name,
    `${each.nanosPerUnit.toFixed(1)} ns/${each.unit}`,
    `${Math.round(each.unitsPerSecond).toLocaleString('en')} ${each.unit}s/s`,
    describeRatio(each),
  ])
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)))
  console.log(`\n${suite}`)
  for (const [name = '', nanos = '', rate = '', ratio = ''] of rows) {
    const cells = [name.padEnd(widths[0] ?? 0), nanos.padStart(widths[1] ?? 0), rate.padStart(widths[2] ?? 0), ratio]
    console.log(`  ${cells.join('  ')}`.trimEnd())
  }
}

function describeRatio({ against }: Measurement): string {
  if (against === undefined) return ''
  const { measured, ratio, baseline, atMost, atLeast, holds } = against
  const bound = atMost !== undefined ? ` (at most ${atMost})` : atLeast !== undefined ? ` (at least ${atLeast})` : ''
  return `${measured.toFixed(2)} ${ratio} than ${baseline}${bound}${holds ? '' : '  FAILED'}`
}

await main()
