import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../../bench/data/random.ts'
import { crashCampaign, seededKills } from './campaign.ts'

/** `npm run crash -- [rounds] [seed]`: kills a loaded server at many more moments than the tests have time for. */
const [rounds = 100, seed = Math.floor(Math.random() * 1e9)] = process.argv.slice(2).map(Number)
process.stdout.write(`seed ${seed}: run the same kills again with npm run crash -- ${rounds} ${seed}\n`)
const folder = mkdtempSync(join(tmpdir(), 'betrace-crash-'))
try {
  const { acknowledged, unjudged, unarchived, untold, renamed, signals, deliveries } = await crashCampaign({
    folder,
    rounds,
    kill: seededKills(seededRandom(seed)),
    onRound: (round, spans) => {
      if (process.stderr.isTTY) process.stderr.write(`\rround ${round} of ${rounds}: ${spans} spans acknowledged`)
    },
  })
  process.stdout.write(
    `\n${rounds} rounds: ${acknowledged.size} spans acknowledged, ${unjudged.length} without a verdict, ` +
      `${unarchived.length} not once in the archive; ${signals} signals in ${deliveries} deliveries, ` +
      `${untold.length} not among the JSON lines, ${renamed.length} with a second id\n`,
  )
  for (const one of [...unjudged, ...unarchived, ...untold, ...renamed].slice(0, 20)) process.stdout.write(`  ${one}\n`)
  process.exitCode = unjudged.length + unarchived.length + untold.length + renamed.length > 0 ? 1 : 0
} finally {
  rmSync(folder, { recursive: true, force: true })
}
