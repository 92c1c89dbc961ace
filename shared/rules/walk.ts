import type { Atom, Condition, Filter, Literal, Logic, Operand, Selector, Test } from './ast.ts'

/** A test and what it is a test of: the whole trace, or one span inside `.where`. */
export interface PlacedTest {
  readonly test: Test
  readonly of: 'trace' | 'span'
}

/** The parts of a condition or filter that are no logic, in the order written. */
export function atomsOf<Part extends Atom>(logic: Logic<Part>): readonly Part[] {
  const found: Part[] = []
  addAtoms(logic, found)
  return found
}

function addAtoms<Part extends Atom>(logic: Logic<Part>, found: Part[]): void {
  switch (logic.kind) {
    case 'and':
    case 'or':
      for (const operand of logic.operands) addAtoms(operand, found)
      return
    case 'not':
      addAtoms(logic.operand, found)
      return
    default:
      found.push(logic as Part)
  }
}

export function isTest(atom: Atom): atom is Test {
  switch (atom.kind) {
    case 'comparison':
    case 'membership':
    case 'matches':
    case 'exists':
    case 'truthy':
      return true
    default:
      return false
  }
}

export function isLiteral(operand: Operand): operand is Literal {
  const { kind } = operand
  return kind === 'number' || kind === 'duration' || kind === 'text' || kind === 'boolean'
}

/** Every test in the order written, those inside `.where` and `trace.count(…)` included. */
export function testsOf(conditions: readonly Condition[]): readonly PlacedTest[] {
  const found: PlacedTest[] = []
  for (const condition of conditions) addTests(condition, found)
  return found
}

function addTests(node: Condition, found: PlacedTest[]): void {
  switch (node.kind) {
    case 'and':
    case 'or':
      for (const operand of node.operands) addTests(operand, found)
      return
    case 'not':
      addTests(node.operand, found)
      return
    case 'has':
      addTestsOfSpans(node.selector, found)
      return
    case 'all':
      addTestsOfSpans(node.selector, found)
      addTestsOfFilters(node.filters, found)
      return
    case 'order':
    case 'structure':
      for (const side of [node.left, node.right]) if (side.kind === 'selector') addTestsOfSpans(side, found)
      return
    case 'boundWhere':
      addTestsOfSpans(node, found)
      return
    default:
      found.push({ test: node, of: 'trace' })
      for (const operand of operandsOf(node))
        if (operand.kind === 'count' || operand.kind === 'aggregate') addTestsOfSpans(operand.selector, found)
  }
}

function addTestsOfSpans({ filters, events = [] }: Pick<Selector, 'filters' | 'events'>, found: PlacedTest[]): void {
  addTestsOfFilters(filters, found)
  for (const event of events) addTestsOfFilters(event.filters, found)
}

function addTestsOfFilters(filters: readonly Filter[], found: PlacedTest[]): void {
  for (const filter of filters) for (const test of atomsOf<Test>(filter)) found.push({ test, of: 'span' })
}

/** Every test of filters in the order written. */
export function testsOfFilters(filters: readonly Filter[]): readonly PlacedTest[] {
  const found: PlacedTest[] = []
  addTestsOfFilters(filters, found)
  return found
}

/** Every value a test reads, parts of calculations included. */
export function operandsOf(test: Test): readonly Operand[] {
  switch (test.kind) {
    case 'comparison': {
      const found: Operand[] = []
      addParts(test.left, found)
      addParts(test.right, found)
      return found
    }
    case 'membership':
    case 'matches': {
      const found: Operand[] = []
      addParts(test.left, found)
      return found
    }
    case 'exists':
    case 'truthy':
      return [test.operand]
  }
}

function addParts(operand: Operand, found: Operand[]): void {
  found.push(operand)
  if (operand.kind === 'arithmetic') {
    addParts(operand.left, found)
    addParts(operand.right, found)
  }
  if (operand.kind === 'negation' || operand.kind === 'numberOf') addParts(operand.operand, found)
}
