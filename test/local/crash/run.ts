import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../../bench/data/random.ts'
import { crashCampaign } from './campaign.ts'

/** `npm run crash -- [rounds] [seed]`: kills a loaded server at many more moments than the tests have time for. */
const [rounds = 100, seed = 1] = process.argv.slice(2).map(Number)
const LATEST_KILL_MS = 1_500
const random = seededRandom(seed)
const folder = mkdtempSync(join(tmpdir(), 'betrace-crash-'))
try {
  const result = await crashCampaign({
    folder,
    rounds,
    killAfterMs: () => random.below(LATEST_KILL_MS),
    onRound: (round, spans) => {
      if (process.stderr.isTTY) process.stderr.write(`\rround ${round} of ${rounds}: ${spans} spans acknowledged`)
    },
  })
  const { acknowledged, delivered, deliveries } = result
  const lost = [...acknowledged].filter((span) => !delivered.has(span))
  const doubled = [...delivered].filter(([, ids]) => ids.size > 1)
  process.stdout.write(
    `\n${rounds} rounds: ${acknowledged.size} spans acknowledged, ${lost.length} without a verdict; ` +
      `${delivered.size} signals in ${deliveries} deliveries, ${doubled.length} with a second id\n`,
  )
  process.exitCode = lost.length + doubled.length > 0 ? 1 : 0
} finally {
  rmSync(folder, { recursive: true, force: true })
}
