import type { Atom, Condition, Filter, Test } from '../ast.ts'
import { printCondition } from '../print/print.ts'
import { atomsOf, isTest } from '../walk.ts'
import { boundIn, isIndexed, joinOf, readsBoth, type Subject } from './joins.ts'
import { demandsOf } from './selections.ts'
import type { Lint, ReportWarning } from './warning.ts'

/** What compares a span with a bound one and is neither an equality nor an order looks at each pair of them. */
export const reportUnindexedJoins: Lint =
  () =>
  ({ conditions, binds, selections, eventFilters }, report) => {
    // All of these compare with a span that has a name.
    if (!binds) return
    for (const { filters, isBound } of selections) {
      const demands = demandsOf(filters)
      // The few spans that an equality leaves are looked at one by one.
      const isNarrowed = demands.some((demand) => joinOf(demand)?.comparison.operator === '==')
      if (!isBound && !isNarrowed)
        reportFirst(
          demands.flatMap((demand) => scannedIn(demand, true)),
          report,
        )
    }
    // Spans are found by what they are, not by what their events say.
    for (const filters of eventFilters) {
      reportFirst(filters.flatMap(testsIn).filter(readsBoth), report)
    }
    reportFirst(scannedPairs(conditions), report)
  }

function reportFirst([scanned]: readonly Test[], report: ReportWarning): void {
  if (scanned === undefined) return
  report({
    code: 'unindexed-join',
    message: `no index answers ${printCondition(scanned)}: every pair of spans is looked at, and a trace with too many is given up`,
    hint: 'add an attribute that both have in common, as in order.id == p.order.id, or compare with == or an order',
    range: scanned.range,
  })
}

/** Tests of a filter that have to be asked of each pair. */
function scannedIn(filter: Filter, positive: boolean): readonly Test[] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.operands.flatMap((operand) => scannedIn(operand, positive))
    case 'not':
      return scannedIn(filter.operand, !positive)
    default:
      return readsBoth(filter) && !isIndexed(filter, positive, 'own') ? [filter] : []
  }
}

function testsIn(filter: Filter): readonly Test[] {
  return atomsOf(filter).filter(isTest)
}

/** Plain comparisons of two bound spans that nothing else connects. */
function scannedPairs(conditions: readonly Condition[]): readonly Test[] {
  const atoms = conditions.flatMap(atomsOf<Atom>)
  const together = atoms.flatMap((atom): readonly Subject[] => {
    if (isTest(atom)) return isIndexed(atom, true, 'bound') ? [boundIn(atom)] : []
    if (atom.kind === 'has' && atom.as !== undefined) return [new Set([atom.as.id, ...boundIn(atom.selector)])]
    return atom.kind === 'order' || atom.kind === 'structure' ? [boundIn(atom)] : []
  })
  return atoms.filter(isTest).filter((test) => {
    const names = boundIn(test)
    return names.size > 1 && !together.some((group) => [...names].every((name) => group.has(name)))
  })
}
