/*
 * A rule on a trace in Kleene's three values: a test that reads a missing attribute is unknown. As slow and plain as the
 * interpreter, whose values it reads; it shares no code with `shared/rules/blind`.
 */
import type {
  Aggregate,
  Atom,
  Comparison,
  Condition,
  Count,
  EventSelector,
  Filter,
  Operand,
  Rule,
  Selector,
  SpanReference,
  Test,
} from '../../shared/rules/ast.ts'
import type { Span, Trace } from '../../shared/trace/span.ts'
import {
  fits,
  groupedIn,
  type Names,
  type Place,
  referenceOutcome,
  testHolds,
  traceTestHolds,
  valueIn,
} from './interpreter.ts'
import { isRelated } from './relations.ts'
import { missing } from './values.ts'

const FALSE = 0
const UNKNOWN = 1
const TRUE = 2
type Truth = typeof FALSE | typeof UNKNOWN | typeof TRUE

/** Whether the rule is not violated, and would be with some values of the missing attributes. */
export function referenceIsBlind(rule: Rule, trace: Trace): boolean {
  const broken = violation(rule, trace)
  const isViolated = referenceOutcome(rule, trace) === 'violated'
  if (broken === TRUE && !isViolated) throw new Error(`true in three values, not in two: ${rule.text}`)
  if (broken === FALSE && isViolated) throw new Error(`false in three values, not in two: ${rule.text}`)
  return !isViolated && broken === UNKNOWN
}

function violation({ body }: Rule, trace: Trace): Truth {
  const names: Names = new Map()
  if (body.kind === 'pattern') return truthOf(body.condition, trace, names)
  const { when, always, never, except } = body
  return most(
    bindings(when, trace, names).map(([found, applies]) => {
      const broken = most([
        always === undefined ? FALSE : opposite(truthOf(always, trace, found)),
        never === undefined ? FALSE : truthOf(never, trace, found),
      ])
      return least([applies, except === undefined ? TRUE : opposite(truthOf(except, trace, found)), broken])
    }),
  )
}

function most(truths: readonly Truth[]): Truth {
  return Math.max(FALSE, ...truths) as Truth
}

function least(truths: readonly Truth[]): Truth {
  return Math.min(TRUE, ...truths) as Truth
}

function opposite(truth: Truth): Truth {
  return (TRUE - truth) as Truth
}

function known(holds: boolean): Truth {
  return holds ? TRUE : FALSE
}

function truthOf(condition: Condition, trace: Trace, names: Names): Truth {
  return most(bindings(condition, trace, names).map(([, truth]) => truth))
}

function bindings(condition: Condition, trace: Trace, names: Names): readonly (readonly [Names, Truth])[] {
  switch (condition.kind) {
    case 'and':
      return condition.operands.reduce<readonly (readonly [Names, Truth])[]>(
        (before, operand) =>
          before.flatMap(([found, truth]) =>
            bindings(operand, trace, found).map(([more, also]) => [more, least([truth, also])] as const),
          ),
        [[names, TRUE]],
      )
    case 'or':
      return [[names, most(condition.operands.map((operand) => truthOf(operand, trace, names)))]]
    case 'not':
      return [[names, opposite(truthOf(condition.operand, trace, names))]]
    case 'has':
      return taken(condition.selector, { trace, names }).map(([span, truth]) => [
        condition.as === undefined ? names : new Map([...names, [condition.as.id, span]]),
        truth,
      ])
    default:
      return [[names, atomTruth(condition, { trace, names })]]
  }
}

/** Spans that the selector may take, and how sure that is. */
function taken(selector: Selector, place: Place): readonly (readonly [Span, Truth])[] {
  return place.trace.spans
    .filter((span) => fits(selector.name, span.name))
    .map((span) => [span, narrowed(selector, { ...place, span })] as const)
    .filter(([, truth]) => truth !== FALSE)
}

function narrowed({ filters, events = [] }: Pick<Selector, 'filters' | 'events'>, place: Place): Truth {
  return least([
    ...filters.map((filter) => filterTruth(filter, place)),
    ...events.map((event) => eventTruth(event, place)),
  ])
}

function eventTruth({ name, filters }: EventSelector, place: Place): Truth {
  const events = (place.span?.events() ?? []).filter((event) => fits(name, event.name))
  return most(events.map((event) => least(filters.map((filter) => filterTruth(filter, { ...place, event })))))
}

function filterTruth(filter: Filter, place: Place): Truth {
  switch (filter.kind) {
    case 'and':
      return least(filter.operands.map((operand) => filterTruth(operand, place)))
    case 'or':
      return most(filter.operands.map((operand) => filterTruth(operand, place)))
    case 'not':
      return opposite(filterTruth(filter.operand, place))
    default:
      return readsMissing(filter, place) ? UNKNOWN : known(testHolds(filter, place))
  }
}

function atomTruth(atom: Exclude<Atom, { kind: 'has' }>, place: Place): Truth {
  switch (atom.kind) {
    case 'all':
      return least(
        taken(atom.selector, place).map(([span, truth]) =>
          most([opposite(truth), least(atom.filters.map((filter) => filterTruth(filter, { ...place, span })))]),
        ),
      )
    case 'order':
    case 'structure':
      return most(
        referred(atom.left, place).flatMap(([left, one]) =>
          referred(atom.right, place).map(([right, other]) =>
            least([one, other, known(isRelated(atom, left, right, place.trace))]),
          ),
        ),
      )
    case 'boundWhere':
      return most(referred(atom.bound, place).map(([span]) => narrowed(atom, { ...place, span })))
    default:
      return traceTestTruth(atom, place)
  }
}

function referred(reference: SpanReference, place: Place): readonly (readonly [Span, Truth])[] {
  if (reference.kind === 'selector') return taken(reference, place)
  const span = place.names.get(reference.id)
  return span === undefined ? [] : [[span, TRUE]]
}

/** Whether the test reads an attribute that is not there; `exists` asks for nothing else and is always known. */
function readsMissing(test: Test, place: Place): boolean {
  switch (test.kind) {
    case 'exists':
      return false
    case 'comparison':
      return isUnknown(test.left, place) || isUnknownRight(test, place)
    case 'truthy':
      return isUnknown(test.operand, place)
    default:
      return isUnknown(test.left, place)
  }
}

function isUnknownRight({ operator, right }: Comparison, place: Place): boolean {
  return right.kind === 'attributeOrText' && operator !== '!=' ? false : isUnknown(right, place)
}

function isUnknown(operand: Operand, place: Place): boolean {
  switch (operand.kind) {
    case 'attribute':
    case 'attributeOrText':
      return place.span !== undefined && missing(valueIn(operand, place))
    case 'boundValue':
      return operand.value.kind === 'attribute' && missing(valueIn(operand, place))
    case 'arithmetic':
      return isUnknown(operand.left, place) || isUnknown(operand.right, place)
    case 'negation':
    case 'numberOf':
      return isUnknown(operand.operand, place)
    default:
      return false
  }
}

function traceTestTruth(test: Test, place: Place): Truth {
  const holds = known(traceTestHolds(test, place))
  const counted = countsIn(test)
  if (!readsMissing(test, place) && !counted.some((each) => isOpen(each, place))) return holds
  const group = counted.find(({ by }) => by !== undefined)
  if (group !== undefined && taken(group.selector, place).length === 0) return holds
  if (test.kind !== 'comparison') return UNKNOWN
  const { operator, left, right } = test
  if (isPlain(left) && isPlain(right)) return ofAllNumbers(test, numbersOf(left, place), numbersOf(right, place))
  if (holds === TRUE) return UNKNOWN
  const isAtLeast = operator === '>' || operator === '>='
  if (left.kind !== 'count' || groupedIn(left) === undefined || right.kind !== 'number' || !isAtLeast) return UNKNOWN
  const { by: _by, ...all } = left
  const total = numbersOf(all, place)
  return ofAllNumbers(test, total, [right.value]) === FALSE ? FALSE : UNKNOWN
}

function countsIn(test: Test): readonly (Count | Aggregate)[] {
  const found = (operand: Operand): readonly (Count | Aggregate)[] => {
    switch (operand.kind) {
      case 'count':
      case 'aggregate':
        return [operand]
      case 'arithmetic':
        return [...found(operand.left), ...found(operand.right)]
      case 'negation':
      case 'numberOf':
        return found(operand.operand)
      default:
        return []
    }
  }
  if (test.kind === 'comparison') return [...found(test.left), ...found(test.right)]
  return test.kind === 'exists' || test.kind === 'truthy' ? found(test.operand) : found(test.left)
}

/** Whether missing attributes leave open which spans it takes, their groups, or their values. */
function isOpen(counted: Count | Aggregate, place: Place): boolean {
  const spans = taken(counted.selector, place)
  const read = [...(counted.by ?? []), ...(counted.kind === 'aggregate' ? [counted.of] : [])]
  return spans.some(
    ([span, truth]) => truth === UNKNOWN || read.some((operand) => isUnknown(operand, { ...place, span })),
  )
}

function isPlain(operand: Operand): operand is Extract<Operand, { kind: 'count' | 'number' }> {
  return operand.kind === 'number' || (operand.kind === 'count' && operand.by === undefined)
}

/** Every number that the count may come to. */
function numbersOf(
  operand: Extract<Operand, { kind: 'count' | 'number' }>,
  place: Place,
): readonly (number | bigint)[] {
  if (operand.kind === 'number') return [operand.value]
  const truths = taken(operand.selector, place).map(([, truth]) => truth)
  const sure = truths.filter((truth) => truth === TRUE).length
  return Array.from({ length: truths.length - sure + 1 }, (_, more) => sure + more)
}

function ofAllNumbers(
  test: Comparison,
  lefts: readonly (number | bigint)[],
  rights: readonly (number | bigint)[],
): Truth {
  const { operator } = test
  const holds = lefts.flatMap((left) =>
    rights.map((right) => {
      if (operator === '>') return left > right
      if (operator === '>=') return left >= right
      if (operator === '<') return left < right
      if (operator === '<=') return left <= right
      // biome-ignore lint/suspicious/noDoubleEquals: a bigint equals the same number.
      return (operator === '==') === (left == right)
    }),
  )
  if (holds.every(Boolean)) return TRUE
  return holds.some(Boolean) ? UNKNOWN : FALSE
}
