import { expect, test } from 'vitest'
import { checkIncidents, type IncidentRun } from './model/laws.ts'
import type { Mutant } from './model/mutants.ts'

const INTERLEAVINGS = 500

test('whatever crashes, comes twice, late or never: one page an opening, every opening ends, and no signal is lost', () => {
  const total: Partial<Record<keyof IncidentRun, number>> = {}
  for (let seed = 1; seed <= INTERLEAVINGS; seed++) {
    const run = checkIncidents(seed)
    for (const name of Object.keys(run) as (keyof IncidentRun)[]) total[name] = (total[name] ?? 0) + run[name]
  }
  for (const [name, count] of Object.entries(total)) expect(count, name).toBeGreaterThan(INTERLEAVINGS / 50)
})

/** A change of the protocol moves the seeds that notice a mutant: these are looked through. */
const SEEDS = 1_000

function lawThatNotices(mutant: Mutant, firstSeed: number): string {
  for (let seed = firstSeed; seed < firstSeed + SEEDS; seed++) {
    try {
      checkIncidents(seed, mutant)
    } catch (error) {
      return String(error)
    }
  }
  return 'none'
}

// The seeds are the first that notice, to save time.
test.each([
  ['one-phase', 615, 'withdrawn with 1 live members|a signal is in no episode'],
  ['no-lease', 8, 'has 2 messages, of 1 at most'],
  ['no-hold', 114, 'left open at the pager|paged 2 times'],
  ['no-finish', 34, 'closed at the pager while it was open'],
  ['no-doubt', 187, 'left open at the pager|paged 2 times'],
  ['no-mute', 1, 'was sent though it was muted'],
  ['mute-holds-ends', 74, 'left open at the pager'],
  ['opens-early', 1, 'B opened though its condition did not hold'],
  ['opens-late', 11, 'no incident of B opened though its condition held'],
  ['no-watch', 2, 'no incident opened though somebody looked while its condition held'],
  ['no-exercise', 1, 'the rule was not kept often enough'],
  ['three-is-enough', 1, 'the rule was not kept often enough'],
  ['short-quiet', 32, 'ended before its signal was quiet'],
] as const)('the laws notice where a part of the protocol is left out: %s', (mutant, firstSeed, broken) => {
  expect(lawThatNotices(mutant, firstSeed)).toMatch(new RegExp(broken))
})
