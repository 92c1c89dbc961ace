import { checkInterleaving, type Interleaving } from './laws.ts'

/** `node test/pipeline/model/run.ts [interleavings] [first seed]`: many more interleavings than the tests have time for. */
const [count = 100_000, first = 1] = process.argv.slice(2).map(Number)
const total = { crashes: 0, failures: 0, verdicts: 0, signals: 0, rescues: 0, patience: 0 }
const startedMs = performance.now()
for (let seed = first; seed < first + count; seed++) {
  const one: Interleaving = await checkInterleaving(seed)
  for (const key of Object.keys(total) as (keyof Interleaving)[]) total[key] += one[key]
}
const seconds = Math.round((performance.now() - startedMs) / 1000)
process.stdout.write(
  `${count} interleavings hold (seeds ${first} to ${first + count - 1}, ${seconds} s): ${JSON.stringify(total)}\n`,
)
