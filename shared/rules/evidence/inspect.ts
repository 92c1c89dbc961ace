import { aggregate } from '../aggregate.ts'
import type {
  Aggregate,
  All,
  Atom,
  Count,
  Filter,
  GroupKeys,
  Has,
  NamePattern,
  Operand,
  Selector,
  Test,
} from '../ast.ts'
import { exceptionsTo } from '../compile.ts'
import { groupBy, groupedOperand } from '../groups.ts'
import { newKeySlots, spanLookups, traceLookups } from '../lookups.ts'
import type { RuleSet, Run, SpanView } from '../plan.ts'
import { planFilters, planOperand, planTest } from '../plan-test.ts'
import { printExactName, printFilters, printName, printOperand } from '../print.ts'
import { lookupsOf, operandsOf } from '../requirement.ts'
import { newView, serviceOf, spansOf } from '../run.ts'
import { nameShape } from '../shape.ts'
import { nearest } from '../suggest.ts'
import { equal, isNumeric, type Value } from '../values.ts'
import type { ClauseEvidence, EvidenceValue, SpanEvidence } from '../verdict.ts'
import { failures, isLiteral, isTrue, type Sight, say } from './reasons.ts'
import { cut, describeDuration, evidenceValue, isDuration } from './wording.ts'

/** A trace as the rules of a set see it, to say why they hold or not. */
export interface Inspection {
  readonly set: RuleSet
  readonly run: Run
}

/** What was seen of one has, all or test. */
export type Seen = Omit<ClauseEvidence, 'block' | 'depth' | 'clause'>

/** Spans of a name, and those of them that pass the filters: positions in the trace, ascending. */
interface Selection {
  readonly named: readonly number[]
  readonly passing: readonly number[]
}

const maxSpans = 3
const maxValues = 8
const maxReasons = 3
/** Of a shorter name many others are near. */
const minNearLength = 4
/** Near misses are ranked among this many spans, the nearest name is looked for among as many names. */
const maxRanked = 100

/** Says what was seen of a condition that is not made of others. */
export function inspectAtom(inspection: Inspection, atom: Atom): Seen {
  switch (atom.kind) {
    case 'order':
    case 'structure':
    case 'boundWhere':
      throw new Error(`an unchecked rule: ${atom.kind}`)
    case 'has':
      return inspectHas(inspection, atom)
    case 'all':
      return inspectAll(inspection, atom)
    default:
      return inspectTest(inspection, atom)
  }
}

function inspectHas(inspection: Inspection, { selector }: Has): Seen {
  const selection = select(inspection, selector)
  return {
    holds: selection.passing.length > 0,
    seen: sayCount(inspection.run, selector, selection),
    ...witnesses(inspection, selection.passing, selector.filters),
    ...nearMisses(inspection, selector, selection),
  }
}

function inspectAll(inspection: Inspection, all: All): Seen {
  const { name, filters } = all.selector
  const { passing: asked } = select(inspection, all.selector)
  const { passing: exceptions } = select(inspection, exceptionsTo(all))
  const which = `${spansNamed(name, asked.length)}${sayWhere(filters)}`
  const demand = printFilters(all.filters)
  if (exceptions.length === 0) {
    const seen =
      asked.length === 0 ? `0 ${which}, so none fails ${demand}` : `all ${asked.length} ${which} pass ${demand}`
    return { holds: true, seen, ...witnesses(inspection, asked, [...filters, ...all.filters]), ...noMisses }
  }
  const seen = `${exceptions.length} of ${asked.length} ${which} ${exceptions.length === 1 ? 'fails' : 'fail'} ${demand}`
  const spans = exceptions.slice(0, maxSpans).map((position) => missed(inspection, position, all.filters).evidence)
  return { holds: false, seen, spans, spanCount: exceptions.length, ...noMisses }
}

function inspectTest(inspection: Inspection, test: Test): Seen {
  const grouped = groupedOperand(test)
  return grouped === undefined ? inspectNumbers(inspection, test) : inspectGroups(inspection, test, grouped)
}

/** Tells of the first group of which the test holds, or else of the largest. */
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
      ...witnesses(inspection, [], []),
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
    ...witnesses(inspection, told.positions, grouped.selector.filters, taken),
    ...noMisses,
  }
}

function sayKeys(keys: GroupKeys): string {
  return keys.map((key) => printOperand(key)).join(' and ')
}

function inspectNumbers(inspection: Inspection, test: Test): Seen {
  const sight = traceSight(inspection)
  const counts = operandsOf(test).filter((operand) => operand.kind === 'count' || operand.kind === 'aggregate')
  const selections = counts.map((operand) => ({ selector: operand.selector, ...decisive(inspection, operand) }))
  const counted = [...new Set(selections.flatMap(({ passing }) => passing))].sort((a, b) => a - b)
  const filters = selections.flatMap(({ selector }) => selector.filters)
  const taken = counts.flatMap((operand) => (operand.kind === 'aggregate' ? [operand.of] : []))
  const empty = counted.length === 0 ? selections.find(({ named }) => named.length > 0) : undefined
  return {
    holds: planTest(test, sight.lookups)(sight.scope),
    seen: sayTest(sight, test),
    ...witnesses(inspection, counted, filters, taken),
    ...(empty === undefined ? noMisses : nearMisses(inspection, empty.selector, empty)),
  }
}

const noMisses = { nearMisses: [], nearMissCount: 0 }

/** `group`: the spans of the group that a grouped number is to be taken of. */
function traceSight({ set, run }: Inspection, group?: readonly number[]): Sight<Run> {
  const inspection = { set, run }
  const taken = ({ by, selector }: Count | Aggregate) =>
    by !== undefined && group !== undefined ? group : select(inspection, selector).passing
  const count = (node: Count) => () => taken(node).length
  const aggregated = (node: Aggregate) => () => aggregate(node.function, valuesOf(inspection, node, taken(node)))
  return { scope: run, lookups: traceLookups({ count, aggregate: aggregated }, set.regex) }
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

function spanSight({ set, run }: Inspection, position: number): Sight<SpanView> {
  return { scope: newView(run, position), lookups: spanLookups(newKeySlots(), set.regex) }
}

function select({ set, run }: Inspection, { name, filters }: Selector): Selection {
  const group = set.groups.get(nameShape(name))
  const positions = (group && spansOf(run, group)?.positions) ?? []
  const named = name.kind === 'glob' ? [...positions].sort((a, b) => a - b) : positions
  const passes = planFilters(filters, spanLookups(newKeySlots(), set.regex))
  return { named, passing: named.filter((position) => passes(newView(run, position))) }
}

/** `0 of 12 spans named cart.validate`, or how many of those so named pass the filters. */
function sayCount({ trace }: Run, { name, filters }: Selector, { named, passing }: Selection): string {
  if (filters.length > 0 && named.length > 0) {
    return `${passing.length} of ${named.length} ${spansNamed(name, named.length)}${sayWhere(filters)}`
  }
  const count = `${named.length} of ${trace.spans.length} ${spansNamed(name, trace.spans.length)}`
  if (named.length > 0 || name.kind !== 'exact' || name.name.length < minNearLength) return count
  const others = trace.spans.slice(0, maxRanked).map((span) => span.name)
  const near = nearest(name.name, [...new Set(others.filter((other) => other.length <= 64))])
  return near === undefined ? count : `${count}; the nearest name is ${printExactName(near)}`
}

function spansNamed(name: NamePattern, count: number): string {
  const noun = count === 1 ? 'span' : 'spans'
  return name.kind === 'any' ? noun : `${noun} named ${printName(name)}`
}

function sayWhere(filters: readonly Filter[]): string {
  return filters.length === 0 ? '' : ` where ${printFilters(filters)}`
}

/** What each side came to, then what it was calculated from. */
function sayTest(sight: Sight<Run>, test: Test): string {
  const sides: readonly Operand[] =
    test.kind === 'comparison'
      ? [test.left, test.right]
      : [test.kind === 'exists' || test.kind === 'truthy' ? test.operand : test.left]
  const read = [...sides.filter((side) => !isLiteral(side)), ...operandsOf(test)]
  return [...new Set(read.map((operand) => say(sight, operand)))].join(', ')
}

function witnesses(
  inspection: Inspection,
  positions: readonly number[],
  filters: readonly Filter[],
  taken: readonly Operand[] = [],
) {
  const spans = positions.slice(0, maxSpans).map((position) => spanEvidence(inspection, position, filters, taken))
  return { spans, spanCount: positions.length }
}

/** Spans of the name that fail the filters, where none passes: those that fail the fewest tests first. */
function nearMisses(inspection: Inspection, { filters }: Selector, { named, passing }: Selection) {
  if (passing.length > 0 || filters.length === 0) return noMisses
  const ranked = named.slice(0, maxRanked).map((position) => missed(inspection, position, filters))
  const nearest = ranked.sort((a, b) => a.failed - b.failed).slice(0, maxSpans)
  return { nearMisses: nearest.map(({ evidence }) => evidence), nearMissCount: named.length }
}

/** A span that fails some of the filters, how many tests it fails, and why. */
function missed(inspection: Inspection, position: number, filters: readonly Filter[]) {
  const sight = spanSight(inspection, position)
  const reasons = filters.filter((filter) => !isTrue(sight, filter)).flatMap((filter) => failures(sight, filter))
  const shown = reasons.slice(0, maxReasons).join('; ')
  const reason = reasons.length > maxReasons ? `${shown}; and ${reasons.length - maxReasons} more` : shown
  return { failed: reasons.length, evidence: { ...spanEvidence(inspection, position, filters), reason } }
}

function spanEvidence(
  inspection: Inspection,
  position: number,
  filters: readonly Filter[],
  taken: readonly Operand[] = [],
): SpanEvidence {
  const sight = spanSight(inspection, position)
  const { span } = sight.scope
  const service = serviceOf(span)
  const read = [...taken.flatMap(lookupsOf), ...filters.flatMap(testsOf).flatMap(operandsOf)].filter(isOfSpan)
  const values = new Map(read.map((operand) => [labelOf(operand), operandValue(sight, operand)] as const))
  for (const { word } of read.filter((operand) => operand.kind === 'attributeOrText')) {
    if (values.get(word) === null) values.delete(word)
  }
  return {
    spanId: span.spanId,
    name: cut(span.name),
    service: typeof service === 'string' ? cut(service) : '',
    values: Object.fromEntries([...values].slice(0, maxValues)),
  }
}

function testsOf(filter: Filter): readonly Test[] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.operands.flatMap(testsOf)
    case 'not':
      return testsOf(filter.operand)
    default:
      return [filter]
  }
}

function isOfSpan(operand: Operand): boolean {
  return (
    operand.kind !== 'count' &&
    operand.kind !== 'aggregate' &&
    !(operand.kind === 'intrinsic' && operand.name.startsWith('trace.'))
  )
}

function labelOf(operand: Operand): string {
  return operand.kind === 'attribute' && operand.from === 'any' ? operand.key : printOperand(operand)
}

function operandValue({ scope, lookups }: Sight<SpanView>, operand: Operand): EvidenceValue {
  const value = planOperand(operand, lookups)(scope)
  return isDuration(operand) && isNumeric(value) ? describeDuration(value) : evidenceValue(value)
}
