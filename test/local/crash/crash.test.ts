import { expect, test } from 'vitest'
import { newFolder } from '../databases.ts'
import { crashCampaign, type Kill } from './campaign.ts'

/** One of them while a server starts over what kill -9 left. */
const KILLS: readonly Kill[] = [
  { phase: 'spans', after: 60 },
  { phase: 'start', after: 350 },
  { phase: 'spans', after: 60 },
]

test('what was acknowledged before kill -9 is judged, archived once, and signalled under one id', async () => {
  const kill = (round: number) => KILLS[round - 1] as Kill
  const result = await crashCampaign({ folder: newFolder(), rounds: KILLS.length, kill })
  expect(result.acknowledged.size).toBeGreaterThanOrEqual(120)
  expect(result).toMatchObject({ unjudged: [], unarchived: [], untold: [], renamed: [] })
  expect(result.deliveries).toBeGreaterThan(result.signals)
}, 60_000)
