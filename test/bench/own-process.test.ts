import { expect, test } from 'vitest'
import { groupsOf } from '../../bench/own-process.ts'
import type { Case } from '../../bench/suite.ts'

const named = (name: string, baseline?: string): Case => ({
  ...{ name, run: () => 0, units: 1, unit: 'trace' },
  ...(baseline !== undefined && { against: { baseline, ratio: 'times slower' } }),
})

test('a case is measured together with its baseline and what else has that one, and with nothing more', () => {
  const cases = [named('a'), named('b'), named('b1', 'b'), named('c'), named('b2', 'b'), named('b11', 'b1')]
  expect(groupsOf(cases).map((group) => group.map(({ name }) => name))).toEqual([
    ['a'],
    ['b', 'b1', 'b2', 'b11'],
    ['c'],
  ])
})
