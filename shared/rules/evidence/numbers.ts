import type { Aggregate, Count, GroupKeys, Operand, Test } from '../ast.ts'
import { groupBy, groupedOperand } from '../compile/groups.ts'
import { traceLookups } from '../compile/lookups.ts'
import type { Run } from '../compile/plan.ts'
import { type Lookups, planOperand, planTest } from '../compile/plan-test.ts'
import { lookupsOfTest } from '../compile/requirement.ts'
import { aggregate } from '../judge/aggregate.ts'
import { equal, type Value } from '../judge/values.ts'
import { printOperand } from '../print/print.ts'
import { isLiteral } from '../walk.ts'
import { boundNameOf, boundValueOf, type Inspection, type Seen, spanSight } from './inspection.ts'
import { say } from './reasons.ts'
import { type Selection, select } from './selection.ts'
import type { Sight } from './sight.ts'
import { boundSpans, nearMisses, noMisses, witnesses } from './spans.ts'

/** Says what was seen of counts, aggregates and the trace as a whole. */
export function inspectTest(inspection: Inspection, test: Test): Seen {
  const grouped = groupedOperand(test)
  return grouped === undefined ? inspectNumbers(inspection, test) : inspectGroups(inspection, test, grouped)
}

/** Describes the first group for which the test holds, or else the largest. */
function inspectGroups(
  inspection: Inspection,
  test: Test,
  grouped: NonNullable<ReturnType<typeof groupedOperand>>,
): Seen {
  const { passing } = select(inspection, grouped.selector)
  const keysOf = (position: number) => {
    const { scope, lookups } = spanSight(inspection, position)
    return grouped.by.map((key) => planOperand(key, lookups)(scope))
  }
  const groups = groupBy(passing, keysOf).map((positions) => {
    const sight = traceSight(inspection, positions)
    return { positions, sight, holds: planTest(test, sight.lookups)(sight.scope) }
  })
  const holding = groups.filter(({ holds }) => holds)
  const [largest] = groups.toSorted((a, b) => b.positions.length - a.positions.length)
  const told = holding[0] ?? largest
  if (told === undefined) {
    return {
      holds: false,
      seen: `${passing.length} spans have ${sayKeys(grouped.by)}`,
      ...witnesses(inspection, [], { filters: [] }),
      ...noMisses,
    }
  }
  const [first] = told.positions
  const { scope, lookups } = spanSight(inspection, first as number)
  const which = grouped.by.map((key) => say({ scope, lookups }, key)).join(' and ')
  const taken = [...grouped.by, ...(grouped.kind === 'aggregate' ? [grouped.of] : [])]
  return {
    holds: holding.length > 0,
    seen: `where ${which}: ${sayTest(told.sight, test)}; so ${holding.length} of ${groups.length} groups`,
    ...witnesses(inspection, told.positions, grouped.selector, taken),
    ...noMisses,
  }
}

function sayKeys(keys: GroupKeys): string {
  return keys.map((key) => printOperand(key)).join(' and ')
}

function inspectNumbers(inspection: Inspection, test: Test): Seen {
  const sight = traceSight(inspection)
  const counts = lookupsOfTest(test).filter((operand) => operand.kind === 'count' || operand.kind === 'aggregate')
  const selections = counts.map((operand) => ({ selector: operand.selector, ...decisive(inspection, operand) }))
  const counted = [...new Set(selections.flatMap(({ passing }) => passing))].sort((a, b) => a - b)
  const narrowing = {
    filters: selections.flatMap(({ selector }) => selector.filters),
    events: selections.flatMap(({ selector }) => selector.events ?? []),
  }
  const taken = counts.flatMap((operand) => (operand.kind === 'aggregate' ? [operand.of] : []))
  const empty = counted.length === 0 ? selections.find(({ named }) => named.length > 0) : undefined
  return {
    holds: planTest(test, sight.lookups)(sight.scope),
    seen: sayTest(sight, test),
    ...(counts.length === 0 ? boundSpans(inspection, test) : witnesses(inspection, counted, narrowing, taken)),
    ...(empty === undefined ? noMisses : nearMisses(inspection, empty.selector, empty)),
  }
}

/** `group`: the spans of the group that a grouped number is to be taken of. */
function traceSight(inspection: Inspection, group?: readonly number[]): Sight<Run> {
  const { set, run } = inspection
  const taken = ({ by, selector }: Count | Aggregate) =>
    by !== undefined && group !== undefined ? group : select(inspection, selector).passing
  const count = (node: Count) => () => taken(node).length
  const aggregated = (node: Aggregate) => () => aggregate(node.function, valuesOf(inspection, node, taken(node)))
  const lookups = traceLookups({ count, aggregate: aggregated }, set.regex)
  const ofBound: Pick<Lookups<Run>, 'boundValue' | 'nameRead'> = {
    boundValue: (value) => () => boundValueOf(inspection, value),
    nameRead: (value) => () => (value.kind === 'boundValue' ? boundNameOf(inspection, value) : undefined),
  }
  return { scope: run, lookups: { ...lookups, ...ofBound } }
}

/** The values an aggregate takes, of the spans at these positions. */
function valuesOf(inspection: Inspection, { of }: Aggregate, positions: readonly number[]): readonly Value[] {
  return positions.map((position) => {
    const { scope, lookups } = spanSight(inspection, position)
    return planOperand(of, lookups)(scope)
  })
}

/** The spans that made a number what it is: of `min` and `max` those with that value, else all it was taken of. */
function decisive(inspection: Inspection, operand: Count | Aggregate): Selection {
  const selection = select(inspection, operand.selector)
  if (operand.kind === 'count' || (operand.function !== 'min' && operand.function !== 'max')) return selection
  const values = valuesOf(inspection, operand, selection.passing)
  const extreme = aggregate(operand.function, values)
  return { ...selection, passing: selection.passing.filter((_, index) => equal(values[index], extreme) === true) }
}

/** What each side came to, then what it was calculated from. */
function sayTest(sight: Sight<Run>, test: Test): string {
  const sides: readonly Operand[] =
    test.kind === 'comparison'
      ? [test.left, test.right]
      : [test.kind === 'exists' || test.kind === 'truthy' ? test.operand : test.left]
  const read = [...sides.filter((side) => !isLiteral(side)), ...lookupsOfTest(test)]
  return [...new Set(read.map((operand) => say(sight, operand)))].join(', ')
}
