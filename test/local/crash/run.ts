import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../../bench/data/random.ts'
import { crashCampaign, seededKills } from './campaign.ts'
import { addsUp, cutLog } from './cut-log.ts'

/**
 * `npm run crash -- [rounds] [seed]`: kills a loaded server at many more moments than the tests have time for; of each ten
 * rounds one more cuts off the write-ahead log after that.
 */
const [rounds = 100, seed = Math.floor(Math.random() * 1e9)] = process.argv.slice(2).map(Number)
process.stdout.write(`seed ${seed}: run the same kills again with npm run crash -- ${rounds} ${seed}\n`)
const folder = mkdtempSync(join(tmpdir(), 'betrace-crash-'))
try {
  const { acknowledged, unjudged, unarchived, untold, renamed, signals, deliveries, incidents } = await crashCampaign({
    folder,
    rounds,
    random: seededRandom(seed + 1),
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
  process.stdout.write(
    `${incidents.incidents} incidents: ${incidents.pages} openings paged, ${incidents.reopened} of them not the first, ` +
      `${incidents.messages} messages of the chat, ${incidents.broken.length} laws broken\n`,
  )
  const wrong = [...unjudged, ...unarchived, ...untold, ...renamed, ...incidents.broken]
  for (const one of wrong.slice(0, 20)) process.stdout.write(`  ${one}\n`)
  const cuts = await cutLogs(Math.ceil(rounds / 10))
  process.exitCode = wrong.length + cuts > 0 ? 1 : 0
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Returns how often what is left and what is said to be missing did not add up. */
async function cutLogs(times: number): Promise<number> {
  const random = seededRandom(seed)
  const sum = { acknowledged: 0, left: 0, told: 0, wrong: 0 }
  for (let time = 0; time < times; time++) {
    const result = await cutLog(join(folder, `cut-${time}`), 50 + random.below(800), random)
    sum.acknowledged += result.acknowledged
    sum.left += result.left
    sum.told += result.told
    if (addsUp(result)) continue
    sum.wrong++
    process.stdout.write(`  ${JSON.stringify(result)}\n`)
  }
  process.stdout.write(
    `${times} logs cut off: ${sum.acknowledged} spans acknowledged, ${sum.left} left, ${sum.told} said to be missing, ` +
      `${sum.wrong} times that does not add up\n`,
  )
  return sum.wrong
}
