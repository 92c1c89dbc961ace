import type { CheckedRule, NamePattern } from '../ast.ts'
import { requirementOf, type SomeName } from './requirement.ts'
import { nameShape } from './shape.ts'

/** A rule is judged where one of these names occurs, each listed once; undefined for a rule that is judged on every trace. */
export type Trigger = SomeName | undefined

/**
 * For each rule the narrowest of its requirements: names that few rules ask for rather than many, so that of rules which
 * share a frequent name each is triggered by the name of its own; then exact names, then globs, then `any`. In steps.
 */
export function* choosingTriggers(rules: readonly CheckedRule[]): Generator<void, readonly Trigger[]> {
  const askedBy = new Map<string, number>()
  const requirements: (readonly SomeName[])[] = []
  for (const { body } of rules) {
    const required = requirementOf(body.kind === 'pattern' ? body.condition : body.when).map(distinctNames)
    for (const name of required.flat()) askedBy.set(nameShape(name), (askedBy.get(nameShape(name)) ?? 0) + 1)
    requirements.push(required)
    yield
  }
  const breadth = (names: SomeName) =>
    names.reduce((sum, name) => sum + kindBreadth[name.kind] * (askedBy.get(nameShape(name)) as number), 0)
  const triggers: Trigger[] = []
  for (const required of requirements) {
    triggers.push(least(required, breadth))
    yield
  }
  return triggers
}

const kindBreadth = { exact: 1, glob: 100, any: 1e9 } as const

function distinctNames(names: SomeName): SomeName {
  return [...new Map(names.map((name) => [nameShape(name), name] as const)).values()] satisfies readonly NamePattern[]
}

function least<Item>(items: readonly Item[], measure: (item: Item) => number): Item | undefined {
  let best: Item | undefined
  let bestMeasure = Number.POSITIVE_INFINITY
  for (const item of items) {
    const measured = measure(item)
    if (best === undefined || measured < bestMeasure) [best, bestMeasure] = [item, measured]
  }
  return best
}
