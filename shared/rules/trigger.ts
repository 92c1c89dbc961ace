import type { CheckedRule, NamePattern } from './ast.ts'
import { requirementOf, type SomeName } from './requirement.ts'
import { nameShape } from './shape.ts'

/** Names of which one must occur for a rule to need a look, each once; undefined where it needs one on every trace. */
export type Trigger = SomeName | undefined

/**
 * For each rule the narrowest of its requirements: names that few rules ask for rather than many, so that of rules which
 * share a frequent name each is triggered by the name of its own; then exact names, then globs, then `any`.
 */
export function chooseTriggers(rules: readonly CheckedRule[]): readonly Trigger[] {
  const requirements = rules.map(({ body }) =>
    requirementOf(body.kind === 'pattern' ? body.condition : body.when).map(distinctNames),
  )
  const askedBy = new Map<string, number>()
  for (const name of requirements.flat(2)) askedBy.set(nameShape(name), (askedBy.get(nameShape(name)) ?? 0) + 1)
  const breadth = (names: SomeName) =>
    names.reduce((sum, name) => sum + kindBreadth[name.kind] * (askedBy.get(nameShape(name)) as number), 0)
  return requirements.map((each) => least(each, breadth))
}

const kindBreadth = { exact: 1, glob: 100, any: 1e9 } as const

function distinctNames(names: SomeName): SomeName {
  return [...new Map(names.map((name) => [nameShape(name), name] as const)).values()] satisfies readonly NamePattern[]
}

function least<Item>(items: readonly Item[], measure: (item: Item) => number): Item | undefined {
  const [first, ...rest] = items
  if (first === undefined) return undefined
  return rest.reduce((best, item) => (measure(item) < measure(best) ? item : best), first)
}
