import { expect, test } from 'vitest'
import type { Selector } from '../../../shared/rules/ast.ts'
import { selectorShape } from '../../../shared/rules/compile/shape.ts'
import { rulesOf } from '../../reference/rules.ts'

function selectorOf(condition: string): Selector {
  const [rule] = rulesOf(condition)
  if (rule?.body.kind !== 'pattern' || rule.body.condition.kind !== 'has') throw new Error('not a has')
  return rule.body.condition.selector
}

const shapeOf = (condition: string) => selectorShape(selectorOf(condition))

test.each([
  ['a.where(x == 1 and y == 2)', 'trace.has(a).where(y == 2).where(x == 1)'],
  ['a.where(x == 1 and (y == 2 and z))', 'a.where(z and x == 1 and y == 2)'],
  ['a.where(x == 1 or y == 2)', 'a.where((y == 2 or x == 1))'],
  ['a.where(x == EU)', 'a.where("x" == "EU")'],
  ['a.where(x == 1 and x == 1)', 'a.where(x == 1)'],
  ['trace.has(any)', 'trace.has(**)'],
])('%s has the shape of %s', (left, right) => {
  expect(shapeOf(left)).toBe(shapeOf(right))
})

test.each([
  ['a', 'b'],
  ['a', 'trace.has(a*)'],
  ['trace.has("a*")', 'trace.has(a*)'],
  ['trace.has("any")', 'trace.has(any)'],
  ['a', 'a.where(x == 1)'],
  ['a.where(x == 1)', 'a.where(x == "1")'],
  ['a.where(x == 1)', 'a.where(resource.x == 1)'],
  ['a.where(x in [1])', 'a.where(x not in [1])'],
  ['a.where(x == 1 and y == 2)', 'a.where(x == 1 or y == 2)'],
  ['a.where(not (x and y))', 'a.where(not x and y)'],
  ['a.where(x == 9007199254740993)', 'a.where(x == "9007199254740993n")'],
])('%s has not the shape of %s', (left, right) => {
  expect(shapeOf(left)).not.toBe(shapeOf(right))
})

test('no name has the shape of a name with a filter', () => {
  const filtered = shapeOf('a.where(x == 1)')
  const { filters, ...unfiltered } = selectorOf('a.where(x == 1)')
  for (const name of [filtered, filtered.slice(3), (JSON.parse(filtered) as string[]).join('\n').slice(1)]) {
    const selector: Selector = { ...unfiltered, name: { kind: 'exact', name, range: unfiltered.range }, filters: [] }
    expect(selectorShape(selector)).not.toBe(filtered)
  }
  expect(filters).toHaveLength(1)
})
