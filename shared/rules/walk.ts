import type {
  Atom,
  Condition,
  EventSelector,
  Filter,
  Literal,
  Logic,
  Operand,
  Selector,
  SpanReference,
  Test,
} from './ast.ts'

/** A test and what it is a test of: the whole trace, or one span inside `.where`. */
export interface PlacedTest {
  readonly test: Test
  readonly of: 'trace' | 'span'
}

/** The parts of a condition or filter that are no logic, in the order written. */
export function* atomsOf<Part extends Atom>(logic: Logic<Part>): Generator<Part> {
  switch (logic.kind) {
    case 'and':
    case 'or':
      for (const operand of logic.operands) yield* atomsOf(operand)
      return
    case 'not':
      return yield* atomsOf(logic.operand)
    default:
      yield logic as Part
  }
}

export function isTest(atom: Atom): atom is Test {
  return ['comparison', 'membership', 'matches', 'exists', 'truthy'].includes(atom.kind)
}

export function isLiteral(operand: Operand): operand is Literal {
  return ['number', 'duration', 'text', 'boolean'].includes(operand.kind)
}

/** Every test in the order written, those inside `.where` and `trace.count(…)` included. */
export function* testsOf(conditions: readonly Condition[]): Generator<PlacedTest> {
  for (const condition of conditions) yield* testsOfCondition(condition)
}

function* testsOfCondition(node: Condition): Generator<PlacedTest> {
  switch (node.kind) {
    case 'and':
    case 'or':
      for (const operand of node.operands) yield* testsOfCondition(operand)
      return
    case 'not':
      return yield* testsOfCondition(node.operand)
    case 'has':
      return yield* testsOfSelector(node.selector)
    case 'all':
      yield* testsOfSelector(node.selector)
      return yield* testsOfFilters(node.filters)
    case 'order':
    case 'structure':
      yield* testsOfReference(node.left)
      return yield* testsOfReference(node.right)
    case 'boundWhere':
      yield* testsOfFilters(node.filters)
      return yield* testsOfEvents(node.events)
    default:
      yield { test: node, of: 'trace' }
      for (const operand of operandsOf(node))
        if (operand.kind === 'count' || operand.kind === 'aggregate') yield* testsOfSelector(operand.selector)
  }
}

function* testsOfSelector(selector: Selector): Generator<PlacedTest> {
  yield* testsOfFilters(selector.filters)
  yield* testsOfEvents(selector.events)
}

function* testsOfReference(reference: SpanReference): Generator<PlacedTest> {
  if (reference.kind === 'selector') yield* testsOfSelector(reference)
}

function* testsOfEvents(events: readonly EventSelector[] = []): Generator<PlacedTest> {
  for (const { filters } of events) yield* testsOfFilters(filters)
}

function* testsOfFilters(filters: readonly Filter[]): Generator<PlacedTest> {
  for (const filter of filters) {
    for (const test of atomsOf<Test>(filter)) yield { test, of: 'span' }
  }
}

/** Every value a test reads, parts of calculations included. */
export function* operandsOf(test: Test): Generator<Operand> {
  switch (test.kind) {
    case 'comparison':
      yield* partsOf(test.left)
      return yield* partsOf(test.right)
    case 'membership':
    case 'matches':
      return yield* partsOf(test.left)
    case 'exists':
    case 'truthy':
      yield test.operand
  }
}

function* partsOf(operand: Operand): Generator<Operand> {
  yield operand
  if (operand.kind === 'arithmetic') {
    yield* partsOf(operand.left)
    yield* partsOf(operand.right)
  }
  if (operand.kind === 'negation' || operand.kind === 'numberOf') yield* partsOf(operand.operand)
}
