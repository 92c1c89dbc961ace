import { expect, test } from 'vitest'
import type { Filter } from '../../../shared/rules/ast.ts'
import { neededKeys } from '../../../shared/rules/compile/needed-keys.ts'
import { keyOnWire } from '../../../shared/trace/key-marks.ts'
import { rulesOf } from '../../reference/rules.ts'

function filtersOf(text: string): readonly Filter[] {
  const [rule] = rulesOf(`trace.has(any).where(${text})`)
  const condition = rule?.body.kind === 'pattern' ? rule.body.condition : undefined
  if (condition?.kind !== 'has') throw new Error(`no filter: ${text}`)
  return condition.selector.filters
}

const keys = (...lists: string[][]) => lists.map((list) => list.map((key) => keyOnWire(key).mark))

test.each([
  ['retries > 3', keys(['retries'])],
  ['a < b * 2', keys(['a'])],
  ['a < b', keys(['a'], ['b'])],
  ['exists(a.b) and region != EU', keys(['a.b'], ['region'])],
  ['tier in [gold, silver] or tier not in [a, b] or path matches "x.y"', keys(['tier', 'tier', 'path'])],
  ['(a == 1 and b == 2) or c == 3', keys(['a', 'c'])],
  ['a == 1 or span.kind == server', []],
  ['not exists(a)', []],
  ['not (a == 1) and b == 2', keys(['b'])],
  ['resource.cloud.region == x', keys(['cloud.region'])],
  ['span.duration > 5s', []],
  ['db.query.text == x', keys(['db.query.text', 'db.statement'])],
  ['attr("db.query.text", exact) == x', keys(['db.query.text'])],
  ['cart.gift', keys(['cart.gift'])],
])('a span that passes %s has these attributes', (text, expected) => {
  expect(neededKeys(filtersOf(text))).toEqual(expected)
})
