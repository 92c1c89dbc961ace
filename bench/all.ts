import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { writePages } from './report.ts'

/*
 * npm run bench:all: measures everything that takes no deployed stack, writes bench/results and the pages that show
 * them; exits 1 where something that must hold does not, once all is written. The load test has a command of its own,
 * `npm run load -- --save`, because it needs the machine alone for longer.
 */

const SCRIPTS = ['run.ts', 'cost.ts', 'simulate.ts', 'memory.ts']

const failed = SCRIPTS.filter((script) => {
  const startedMs = performance.now()
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, script), '--save'], { stdio: 'inherit' })
  console.error(
    `bench/${script}: ${status === 0 ? 'ok' : `exit code ${status}`}, ${((performance.now() - startedMs) / 1000).toFixed(0)} s`,
  )
  return status !== 0
})
console.log(`rewritten: ${writePages().join(', ') || 'no page'}`)
process.exitCode = failed.length > 0 ? 1 : 0
