import { checkIncidents } from '../../incidents/model/laws.ts'
import { checkInterleaving } from './laws.ts'

/**
 * `node test/pipeline/model/run.ts [interleavings] [first seed]`: many more interleavings than the tests have time for, of
 * the judging protocol and of that of incidents.
 */
const [count = 100_000, first = 1] = process.argv.slice(2).map(Number)

/** Runs one interleaving for each seed, and says what they went through; the first that breaks a law ends it. */
async function runAll<Run extends object>(what: string, check: (seed: number) => Run | Promise<Run>): Promise<void> {
  const total = new Map<string, number>()
  const startedMs = performance.now()
  for (let seed = first; seed < first + count; seed++) {
    for (const [name, value] of Object.entries(await check(seed))) total.set(name, (total.get(name) ?? 0) + value)
  }
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  process.stdout.write(
    `${what}: ${count} interleavings hold (seeds ${first} to ${first + count - 1}, ${seconds} s): ` +
      `${JSON.stringify(Object.fromEntries(total))}\n`,
  )
}

await runAll('judging', checkInterleaving)
await runAll('incidents', checkIncidents)
