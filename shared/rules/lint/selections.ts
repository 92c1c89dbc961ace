import type { Atom, Condition, Filter, NamePattern, Operand, Selector, Test } from '../ast.ts'
import { lookupsOfTest } from '../compile/requirement.ts'
import { atomsOf, operandsOf as partsOf } from '../walk.ts'
import { leavesOf } from './joins.ts'

/** Spans that a condition takes by name, and all that is asked of each. */
export interface NamedSelection {
  readonly name: NamePattern
  readonly filters: readonly Filter[]
  /** Another selection has said the name. */
  readonly isBound: boolean
}

/** Every selection of a rule in the order written: counts, both sides of relations and what is asked of bound spans. */
export function selectionsOf(conditions: readonly Condition[]): readonly NamedSelection[] {
  const bound = new Map<number, NamePattern>()
  const found: NamedSelection[] = []
  for (const condition of conditions) addSelections(condition, bound, found)
  return found
}

/** The names of the spans that each name of the rule may be bound to. */
export function boundPatternsOf(conditions: readonly Condition[]): ReadonlyMap<number, NamePattern> {
  const atoms = conditions.flatMap((condition) => atomsOf(condition))
  return new Map(
    atoms.flatMap((atom) =>
      atom.kind === 'has' && atom.as !== undefined ? [[atom.as.id, atom.selector.name] as const] : [],
    ),
  )
}

/** The filters of span events, which read attributes of their own. */
export function eventFiltersOf(conditions: readonly Condition[]): readonly (readonly Filter[])[] {
  return conditions.flatMap((condition) =>
    atomsOf(condition).flatMap((atom) => {
      if (atom.kind === 'boundWhere') return (atom.events ?? []).map(({ filters }) => filters)
      return selectorsOf(atom).flatMap(({ events = [] }) => events.map(({ filters }) => filters))
    }),
  )
}

function addSelections(condition: Condition, bound: Map<number, NamePattern>, found: NamedSelection[]): void {
  for (const atom of atomsOf(condition)) {
    if (atom.kind === 'has' && atom.as !== undefined) bound.set(atom.as.id, atom.selector.name)
    const name = atom.kind === 'boundWhere' ? bound.get(atom.bound.id) : undefined
    if (atom.kind === 'boundWhere' && name !== undefined) found.push({ name, filters: atom.filters, isBound: true })
    const demanded = atom.kind === 'all' ? atom.filters : []
    for (const selector of selectorsOf(atom)) {
      const filters = demanded.length === 0 ? selector.filters : [...selector.filters, ...demanded]
      found.push({ name: selector.name, filters, isBound: false })
    }
  }
}

/** The selectors of one part. */
export function selectorsOf(atom: Atom): readonly Selector[] {
  switch (atom.kind) {
    case 'has':
    case 'all':
      return [atom.selector]
    case 'order':
    case 'structure':
      return [atom.left, atom.right].filter((side) => side.kind === 'selector')
    case 'boundWhere':
      return []
    default:
      return lookupsOfTest(atom).flatMap((operand) => ('selector' in operand ? [operand.selector] : []))
  }
}

/** Every value a test reads, of aggregates also what they are taken of and grouped by. */
export function valuesOf(test: Test): readonly Operand[] {
  return partsOf(test).flatMap((operand) => {
    const keys = operand.kind === 'count' || operand.kind === 'aggregate' ? (operand.by ?? []) : []
    return operand.kind === 'aggregate' ? [operand, ...leavesOf(operand.of), ...keys] : [operand, ...keys]
  })
}

/** Filters taken apart at each `and`. */
export function demandsOf(filters: readonly Filter[]): readonly Filter[] {
  return filters.flatMap((filter) => (filter.kind === 'and' ? demandsOf(filter.operands) : [filter]))
}
