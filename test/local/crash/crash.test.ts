import { expect, test } from 'vitest'
import { newFolder } from '../databases.ts'
import { crashCampaign } from './campaign.ts'

test('what was acknowledged before kill -9 is judged after it, and each signal delivered under one id', async () => {
  const killAfterMs = (round: number) => [400, 150, 700][round - 1] ?? 0
  const { acknowledged, delivered } = await crashCampaign({ folder: newFolder(), rounds: 3, killAfterMs })
  expect(acknowledged.size).toBeGreaterThan(50)
  expect([...acknowledged].filter((span) => !delivered.has(span))).toEqual([])
  expect([...delivered].filter(([, ids]) => ids.size > 1)).toEqual([])
}, 60_000)
