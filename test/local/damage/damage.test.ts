import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../../../bench/data/random.ts'
import { type DamagedKind, damageAndLook, makeOriginal, type Original } from './damaged-folder.ts'

/** Those that went wrong without a word before; `npm run damage` has time for all, and many seeds. */
const KINDS: readonly DamagedKind[] = ['chunks index', 'timers', 'wal', 'wal cut', 'wal of before', 'file of before']
const SEEDS = [6]

let original: Original
beforeAll(async () => {
  original = await makeOriginal()
})
afterAll(() => rmSync(original.folder, { recursive: true }))

describe('a damaged database', () => {
  test.each(KINDS)('(%s) gives no wrong verdict without a word, before and after it is recovered', async (kind) => {
    for (const seed of SEEDS) {
      const seen = await damageAndLook(original, kind, seededRandom(seed))
      const { damage, refused, silent, silentRecovered, missing, told } = seen
      expect({ damage, silent, silentRecovered }).toEqual({ damage, silent: [], silentRecovered: [] })
      expect(told).toBeGreaterThanOrEqual(missing)
      if (refused === undefined) continue
      expect(refused).toMatchObject({
        name: 'StorageError',
        message: expect.stringContaining('betrace.db'),
        hint: expect.stringMatching(/betrace recover --data .*#the-database-is-damaged|upgrade betrace/),
      })
    }
  })
})
