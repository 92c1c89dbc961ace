import type { RuleSet } from '../pipeline/ports.ts'
import type { RuleInForce } from './context.ts'

const EACH = { kind: 'each' } as const
const known = new WeakMap<RuleSet, ReadonlyMap<string, RuleInForce>>()

/** The rules of a set that have incidents, by name: those that are not in shadow mode. */
export function rulesInForce(set: RuleSet): ReadonlyMap<string, RuleInForce> {
  const found = known.get(set)
  if (found !== undefined) return found
  const live = set.rules.filter(({ metadata }) => metadata.mode !== 'shadow')
  const rules = new Map(live.map(({ name, metadata }) => [name, { alert: metadata.alert ?? EACH }]))
  known.set(set, rules)
  return rules
}
