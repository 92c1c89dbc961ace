import { rmSync } from 'node:fs'
import { seededRandom } from '../../../bench/data/random.ts'
import { DAMAGED_KINDS, damageAndLook, makeOriginal } from './damaged-folder.ts'

/** `npm run damage -- [rounds of each kind] [seed] [how kinds begin]`: damages databases in many more ways than the tests have time for. */
const [rounds = 100, seed = 1] = process.argv.slice(2, 4).map(Number)
const kinds = DAMAGED_KINDS.filter((kind) => kind.startsWith(process.argv[4] ?? ''))
const original = await makeOriginal()
let bad = 0
try {
  for (const kind of kinds) {
    const sum = { refused: 0, started: 0, silent: 0, silentRecovered: 0, named: 0, missing: 0, told: 0 }
    for (let round = 0; round < rounds; round++) {
      const one = seed + round
      const seen = await damageAndLook(original, kind, seededRandom(one))
      const { damage, refused, silent, silentRecovered, named, missing, told } = seen
      sum[refused === undefined ? 'started' : 'refused']++
      sum.silent += silent.length
      sum.silentRecovered += silentRecovered.length
      sum.named += named
      sum.missing += missing
      sum.told += told
      const unclear = refused !== undefined && (refused.name !== 'StorageError' || refused.hint === undefined)
      if (silent.length + silentRecovered.length > 0 || unclear || told < missing) {
        bad++
        const what = JSON.stringify({ silent, silentRecovered, missing, told, ...(unclear ? { refused } : {}) })
        process.stdout.write(`seed ${one}, ${damage}: ${what}\n`)
      }
    }
    process.stdout.write(`${kind}, ${rounds} rounds: ${JSON.stringify(sum)}\n`)
  }
} finally {
  rmSync(original.folder, { recursive: true })
}
process.exitCode = bad > 0 ? 1 : 0
