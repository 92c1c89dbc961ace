import { expect, test } from 'vitest'
import { seededRandom } from '../../../bench/data/random.ts'
import { newFolder } from '../sqlite/databases.ts'
import { crashCampaign, type Kill } from './campaign.ts'
import { addsUp, cutLog } from './cut-log.ts'

/** One of them while a server starts over what kill -9 left. */
const KILLS: readonly Kill[] = [
  { phase: 'spans', after: 60 },
  { phase: 'start', after: 350 },
  { phase: 'spans', after: 60 },
  { phase: 'ends', after: 800 },
]

test('spans acknowledged before kill -9 are judged, archived once, and signalled under one id; each opening is one page', async () => {
  const kill = (round: number) => KILLS[round - 1] as Kill
  const result = await crashCampaign({ folder: newFolder(), rounds: KILLS.length, random: seededRandom(1), kill })
  expect(result.acknowledged.size).toBeGreaterThanOrEqual(120)
  expect(result).toMatchObject({ unjudged: [], unarchived: [], untold: [], renamed: [] })
  expect(result.incidents.broken).toEqual([])
  expect(result.incidents.pages).toBeGreaterThanOrEqual(4)
  expect(result.deliveries).toBeGreaterThan(result.signals)
}, 60_000)

test('what a log lost that was cut off after kill -9 is said to be missing, to the span', async () => {
  const result = await cutLog(newFolder(), 120, seededRandom(2))
  expect(result).toMatchObject({ how: expect.stringContaining('cut off'), health: 'degraded' })
  expect(result.told).toBeGreaterThan(0)
  expect({ result, addsUp: addsUp(result) }).toEqual({ result, addsUp: true })
}, 60_000)
