import type { Aggregate, Count, Test } from '../ast.ts'
import { identity } from '../judge/aggregate.ts'
import { isMissing, type Value } from '../judge/values.ts'
import { lookupsOfTest } from './requirement.ts'

/** The grouped count or aggregate of a test, which holds where it holds of some group. */
export function groupedOperand(test: Test): ((Count | Aggregate) & Required<Pick<Count, 'by'>>) | undefined {
  for (const operand of lookupsOfTest(test)) {
    const isNumber = operand.kind === 'count' || operand.kind === 'aggregate'
    if (isNumber && operand.by !== undefined) return { ...operand, by: operand.by }
  }
  return undefined
}

/** Items by equal keys, in the order in which each group is first met; an item that lacks a key is in no group. */
export function groupBy<Item>(
  items: readonly Item[],
  keysOf: (item: Item) => readonly Value[],
): readonly (readonly Item[])[] {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const keys = keysOf(item)
    if (keys.some(isMissing)) continue
    const key = keys.map(identity).join()
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return [...groups.values()]
}
