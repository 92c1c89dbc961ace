import { expect, test } from 'vitest'
import { checkInterleaving } from './model/laws.ts'

const INTERLEAVINGS = 4_000
/** They broke a law once. */
const HARD_SEEDS = [143_474]

test('whatever crashes, comes twice, stalls, fails or tells the time wrongly: every chunk is judged, and no signal is lost, wrong, renamed or too soon', async () => {
  const total = { crashes: 0, failures: 0, rescues: 0, patience: 0 }
  for (const seed of HARD_SEEDS) await checkInterleaving(seed)
  for (let seed = 1; seed <= INTERLEAVINGS; seed++) {
    const { crashes, failures, rescues, patience } = await checkInterleaving(seed)
    total.crashes += crashes
    total.failures += failures
    total.rescues += rescues
    total.patience += patience
  }
  expect(total.crashes).toBeGreaterThan(INTERLEAVINGS)
  expect(total.failures).toBeGreaterThan(INTERLEAVINGS)
  expect(total.rescues).toBeGreaterThan(INTERLEAVINGS / 100)
  expect(total.patience).toBeGreaterThan(INTERLEAVINGS / 10)
})
