import type { Filter } from '../ast.ts'
import { printCondition } from '../print.ts'
import { demandsOf, joinOf, readsBoth } from './joins.ts'
import { selectionsOf } from './selections.ts'
import { conditionsOf, type Lint } from './warning.ts'

/** What compares a span with a bound one and is neither an equality nor an order looks at each pair of them. */
export const reportUnindexedJoins: Lint = () => (rule, report) => {
  for (const { filters, isBound } of selectionsOf(conditionsOf(rule))) {
    const demands = demandsOf(filters)
    // The few spans that an equality leaves are looked at one by one.
    if (isBound || demands.some(isIndexed)) continue
    const [scanned] = demands.flatMap((demand) => [...testsIn(demand)]).filter(readsBoth)
    if (scanned === undefined) continue
    report({
      code: 'unindexed-join',
      message: `no index answers ${printCondition(scanned)}: every pair of spans is looked at, and a trace with too many is given up`,
      hint: 'add an attribute that both have in common, as in order.id == p.order.id, or compare with == or an order',
      range: scanned.range,
    })
  }
}

/** `key == q.key` or `!=`, either way round. */
function isIndexed(demand: Filter): boolean {
  const join = joinOf(demand)
  if (join === undefined) return false
  const { comparison, own } = join
  return (
    (comparison.operator === '==' || comparison.operator === '!=') &&
    (own.kind === 'attribute' || own.kind === 'intrinsic')
  )
}

function* testsIn(filter: Filter): Generator<Filter> {
  switch (filter.kind) {
    case 'and':
    case 'or':
      for (const operand of filter.operands) yield* testsIn(operand)
      return
    case 'not':
      return yield* testsIn(filter.operand)
    default:
      yield filter
  }
}
