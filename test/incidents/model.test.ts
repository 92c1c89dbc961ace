import { expect, test } from 'vitest'
import { checkIncidents } from './model/laws.ts'

const INTERLEAVINGS = 600

test('whatever crashes, comes twice, late or never: one page an opening, every opening ends, and no signal is lost', () => {
  const total = { episodes: 0, reopened: 0, withdrawn: 0, unexercised: 0, crashes: 0, trouble: 0 }
  for (let seed = 1; seed <= INTERLEAVINGS; seed++) {
    const run = checkIncidents(seed)
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += run[key]
  }
  for (const count of Object.values(total)) expect(count).toBeGreaterThan(INTERLEAVINGS / 30)
})

test.each([
  ['one-phase', 53, 'withdrawn with 1 live members'],
  ['no-lease', 51, 'has 2 messages, of 1 at most'],
  ['no-hold', 442, 'left open at the pager'],
  ['no-finish', 19, 'closed at the pager while it was open'],
] as const)('the laws notice where a part of the protocol is left out: %s', (mutant, seed, broken) => {
  expect(() => checkIncidents(seed, mutant)).toThrow(broken)
})
