import type {
  Aggregate,
  All,
  Atom,
  Comparison,
  Condition,
  Count,
  EventSelector,
  Filter,
  Literal,
  Logic,
  Operand,
  Selector,
  SpanReference,
  Test,
} from '../ast.ts'
import { groupedOperand } from '../compile/groups.ts'
import { operandsOf } from '../walk.ts'
import { isAbsent, type OptionalValue, optionalPartsOf, optionalValuesOf } from './missing.ts'

/**
 * How to read a condition whose attributes may be missing. `possible`: true where some values of the missing attributes
 * make it true. `certain`: true where all of them do. These are "not false" and "true" of Kleene's three values.
 */
type Reading = 'possible' | 'certain'

const OPPOSITE = { possible: 'certain', certain: 'possible' } as const

/** The condition that is true, in two values, where the reading of the given one holds. Unchanged parts stay the same objects. */
export function readCondition(condition: Condition, reading: Reading): Condition {
  return readLogic<Atom>(condition, reading, (atom, of) => {
    switch (atom.kind) {
      case 'has':
        return changed(atom, { selector: readSelector(atom.selector, of) })
      case 'all':
        return readAll(atom, of)
      case 'order':
      case 'structure':
        return changed(atom, { left: readReference(atom.left, of), right: readReference(atom.right, of) })
      case 'boundWhere':
        return changed(atom, readNarrowing(atom, of))
      default:
        return readTraceTest(atom, of)
    }
  })
}

function readLogic<Part extends Atom>(
  logic: Logic<Part>,
  reading: Reading,
  readPart: (part: Part, reading: Reading) => Logic<Part>,
): Logic<Part> {
  switch (logic.kind) {
    case 'and':
    case 'or': {
      const operands = readEach(logic.operands, (each) => readLogic(each, reading, readPart))
      return operands === logic.operands ? logic : { ...logic, operands }
    }
    case 'not': {
      const operand = readLogic(logic.operand, OPPOSITE[reading], readPart)
      return operand === logic.operand ? logic : { ...logic, operand }
    }
    default:
      return readPart(logic as Part, reading)
  }
}

/** The selector that takes each span which the given one possibly, or certainly, takes. */
export function readSelector(selector: Selector, reading: Reading): Selector {
  return changed(selector, readNarrowing(selector, reading))
}

function readNarrowing({ filters, events }: Pick<Selector, 'filters' | 'events'>, reading: Reading) {
  return {
    filters: readFilters(filters, reading),
    ...(events !== undefined && { events: readEach(events, (event) => readEvent(event, reading)) }),
  }
}

function readEvent(event: EventSelector, reading: Reading): EventSelector {
  return changed(event, { filters: readFilters(event.filters, reading) })
}

export function readFilters(filters: readonly Filter[], reading: Reading): readonly Filter[] {
  return readEach(filters, (filter) => readLogic<Test>(filter, reading, readSpanTest))
}

function readReference(reference: SpanReference, reading: Reading): SpanReference {
  return reference.kind === 'bound' ? reference : readSelector(reference, reading)
}

/** Every span passes possibly where those that are certainly meant do. */
function readAll(all: All, reading: Reading): All {
  return changed(all, {
    selector: readSelector(all.selector, OPPOSITE[reading]),
    filters: readFilters(all.filters, reading),
  })
}

/** A missing value makes each test false, so a test that is true is certain. */
function readSpanTest(test: Test, reading: Reading): Filter {
  const missing = reading === 'certain' ? [] : optionalValuesOf(test).map(isAbsent)
  return missing.length === 0 ? test : { kind: 'or', operands: [test, ...missing], range: test.range }
}

function readTraceTest(test: Test, reading: Reading): Condition {
  const doubts = [...countsIn(test).flatMap(doubtsAbout), ...boundValuesOf(test).map(isAbsent)]
  if (doubts.length === 0) return test
  const bounds = test.kind === 'comparison' ? readBounds(test, reading) : undefined
  if (bounds !== undefined) return bounds
  const { range } = test
  const doubt: Condition = doubts.length === 1 ? (doubts[0] as Condition) : { kind: 'or', operands: doubts, range }
  if (reading === 'certain') return both(test, { kind: 'not', operand: doubt, range })
  const group = someGroup(test)
  return { kind: 'or', operands: [test, group === undefined ? doubt : both(doubt, group)], range }
}

/** A test of a trace has no attributes but those of bound spans; any other word in it is text. */
function boundValuesOf(test: Test): readonly OptionalValue[] {
  return optionalValuesOf(test).filter(({ kind }) => kind === 'boundValue')
}

function both(left: Condition, right: Condition): Condition {
  return { kind: 'and', operands: [left, right], range: left.range }
}

function countsIn(test: Test): readonly (Count | Aggregate)[] {
  return operandsOf(test).filter((operand) => operand.kind === 'count' || operand.kind === 'aggregate')
}

/** Conditions. One is true if a missing attribute leaves open what the count or aggregate comes to. */
function doubtsAbout(counted: Count | Aggregate): readonly Condition[] {
  const { selector, by = [], range } = counted
  const possible = readSelector(selector, 'possible')
  const doubts: Condition[] = []
  if (possible !== readSelector(selector, 'certain')) {
    const [most, least] = boundsOf({ kind: 'count', selector, range })
    doubts.push({ kind: 'comparison', operator: '!=', left: most, right: least, range })
  }
  const read = [...by, ...(counted.kind === 'aggregate' ? [counted.of] : [])]
  const absent = read.flatMap(optionalPartsOf).map(isAbsent)
  if (absent.length === 0) return doubts
  const lacking: Filter = absent.length === 1 ? (absent[0] as Filter) : { kind: 'or', operands: absent, range }
  doubts.push({ kind: 'has', selector: { ...possible, filters: [...possible.filters, lacking] }, range })
  return doubts
}

/** The most and the least that the count may come to. */
function boundsOf<Counted extends Operand>(counted: Counted): readonly [most: Counted | Count, least: Counted | Count] {
  if (counted.kind !== 'count') return [counted, counted]
  const { selector } = counted
  return [
    { ...counted, selector: readSelector(selector, 'possible') },
    { ...counted, selector: readSelector(selector, 'certain') },
  ]
}

/** A comparison of counts with each other or with a number: by the most and the least that each may come to. */
function readBounds({ operator, left, right, range }: Comparison, reading: Reading): Condition | undefined {
  if (!isPlainCount(left) || !isPlainCount(right)) return undefined
  const [mostLeft, leastLeft] = boundsOf(left)
  const [mostRight, leastRight] = boundsOf(right)
  const compare = (one: Operand, as: Comparison['operator'], other: Operand): Condition => ({
    kind: 'comparison',
    operator: as,
    left: one,
    right: other,
    range,
  })
  const mayBeEqual = both(compare(leastLeft, '<=', mostRight), compare(mostLeft, '>=', leastRight))
  const isEqual = both(compare(leastLeft, '>=', mostRight), compare(mostLeft, '<=', leastRight))
  const isPossible = reading === 'possible'
  switch (operator) {
    case '>':
    case '>=':
      return isPossible ? compare(mostLeft, operator, leastRight) : compare(leastLeft, operator, mostRight)
    case '<':
    case '<=':
      return isPossible ? compare(leastLeft, operator, mostRight) : compare(mostLeft, operator, leastRight)
    case '==':
      return isPossible ? mayBeEqual : isEqual
    case '!=':
      return { kind: 'not', operand: isPossible ? isEqual : mayBeEqual, range }
    default:
      return undefined
  }
}

function isPlainCount(operand: Operand): operand is Count | (Literal & { readonly kind: 'number' }) {
  return operand.kind === 'number' || (operand.kind === 'count' && operand.by === undefined)
}

/** What has to be so that a test of groups can hold of one: there is a span, and enough of them all together. */
function someGroup(test: Test): Condition | undefined {
  const grouped = groupedOperand(test)
  if (grouped === undefined) return undefined
  const selector = readSelector(grouped.selector, 'possible')
  const { range } = grouped
  return isLowerBound(test) ? { ...test, left: { kind: 'count', selector, range } } : { kind: 'has', selector, range }
}

/** Such as `trace.count(x).by(k) > 3`. */
function isLowerBound(test: Test): test is Comparison {
  return (
    test.kind === 'comparison' &&
    (test.operator === '>' || test.operator === '>=') &&
    test.left.kind === 'count' &&
    test.right.kind === 'number'
  )
}

/** The list itself where no item changes. */
function readEach<Item>(items: readonly Item[], read: (item: Item) => Item): readonly Item[] {
  const made = items.map(read)
  return made.every((item, i) => item === items[i]) ? items : made
}

/** The node itself where no part changes. */
function changed<Node extends object>(node: Node, parts: Partial<Node>): Node {
  const isSame = Object.entries(parts).every(([name, part]) => node[name as keyof Node] === part)
  return isSame ? node : { ...node, ...parts }
}
