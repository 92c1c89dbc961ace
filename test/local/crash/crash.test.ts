import { expect, test } from 'vitest'
import { newFolder } from '../databases.ts'
import { crashCampaign, type Kill } from './campaign.ts'

/** One of them while a server starts over what kill -9 left. */
const KILLS: readonly Kill[] = [
  { phase: 'load', afterMs: 400 },
  { phase: 'load', afterMs: 150 },
  { phase: 'start', afterMs: 350 },
  { phase: 'load', afterMs: 600 },
]

test('what was acknowledged before kill -9 is judged, archived once, and signalled under one id', async () => {
  const kill = (round: number) => KILLS[round - 1] as Kill
  const result = await crashCampaign({ folder: newFolder(), rounds: KILLS.length, kill })
  expect(result.acknowledged.size).toBeGreaterThan(50)
  expect(result).toMatchObject({ unjudged: [], unarchived: [], untold: [], renamed: [] })
  expect(result.deliveries).toBeGreaterThan(result.signals)
}, 60_000)
