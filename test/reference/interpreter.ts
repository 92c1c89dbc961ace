/*
 * The rule language once more, as slowly and plainly as it can be said: every rule looks at every span, nothing is
 * prepared, shared or remembered. It shares no code with the judge, so that each checks the other.
 */
import type {
  Aggregate,
  Arithmetic,
  Atom,
  Comparison,
  Condition,
  Count,
  EventSelector,
  Filter,
  Has,
  NamePattern,
  Operand,
  Rule,
  Selector,
  SpanReference,
  Test,
} from '../../shared/rules/ast.ts'
import type { Outcome } from '../../shared/rules/judge/verdict.ts'
import { RENAMED_ATTRIBUTES, type RenamedAttributes } from '../../shared/trace/renamed-attributes.ts'
import type { AttributeValue, Span, SpanEvent, Trace } from '../../shared/trace/span.ts'
import { isRelated } from './relations.ts'
import { aggregated, alike, calculated, identical, isBefore, missing, negated, numeric, same, tidy } from './values.ts'

type Value = AttributeValue | undefined

/** The span a test is about, or nothing where it is about the trace. */
export interface Place {
  readonly trace: Trace
  readonly names: Names
  readonly span?: Span
  /** The event a test is about, whose attributes are then the only ones. */
  readonly event?: SpanEvent
  /** The spans of the group a test is about. */
  readonly group?: readonly Span[]
}

/** The spans that names are bound to, by the id of the name. */
export type Names = ReadonlyMap<number, Span>

const noNames: Names = new Map()

export function referenceOutcome({ body }: Rule, trace: Trace): Outcome {
  if (body.kind === 'pattern') return isTrue(body.condition, trace, noNames) ? 'violated' : 'satisfied'
  const { when, always, never, except } = body
  const applying = [...bindings(when, trace, noNames)].filter(
    (names) => except === undefined || !isTrue(except, trace, names),
  )
  if (applying.length === 0) return 'vacuous'
  const isBroken = (names: Names) =>
    (always !== undefined && !isTrue(always, trace, names)) || (never !== undefined && isTrue(never, trace, names))
  return applying.some(isBroken) ? 'violated' : 'satisfied'
}

/** True where some choice of spans for the names that the condition binds makes it true. */
export function isTrue(condition: Condition, trace: Trace, names: Names): boolean {
  for (const _found of bindings(condition, trace, names)) return true
  return false
}

/** Every choice of spans that makes the condition true, with the names as those to its right see them. */
export function* bindings(condition: Condition, trace: Trace, names: Names): Generator<Names> {
  switch (condition.kind) {
    case 'and': {
      const [first, ...rest] = condition.operands
      if (first === undefined) return yield names
      for (const found of bindings(first, trace, names)) yield* bindings({ ...condition, operands: rest }, trace, found)
      return
    }
    case 'or':
      if (condition.operands.some((operand) => isTrue(operand, trace, names))) yield names
      return
    case 'not':
      if (!isTrue(condition.operand, trace, names)) yield names
      return
    case 'has':
      for (const span of selected(condition.selector, { trace, names })) {
        yield condition.as === undefined ? names : new Map([...names, [condition.as.id, span]])
      }
      return
    default:
      if (atomHolds(condition, { trace, names })) yield names
  }
}

function atomHolds(atom: Exclude<Atom, Has>, place: Place): boolean {
  switch (atom.kind) {
    case 'all':
      return selected(atom.selector, place).every((span) => passesAll(atom.filters, { ...place, span }))
    case 'order':
    case 'structure':
      return referred(atom.left, place).some((left) =>
        referred(atom.right, place).some((right) => isRelated(atom, left, right, place.trace)),
      )
    case 'boundWhere':
      return referred(atom.bound, place).some((span) => narrowed(atom, { ...place, span }))
    default:
      return traceTestHolds(atom, place)
  }
}

function referred(reference: SpanReference, place: Place): readonly Span[] {
  if (reference.kind === 'selector') return selected(reference, place)
  const span = place.names.get(reference.id)
  return span === undefined ? [] : [span]
}

/** A test of groups holds where it holds of some group; a span that lacks a key is in none. */
export function traceTestHolds(test: Test, place: Place): boolean {
  const grouped = test.kind === 'comparison' ? (groupedIn(test.left) ?? groupedIn(test.right)) : groupedIn(leftOf(test))
  if (grouped === undefined) return testHolds(test, place)
  const keysOf = (span: Span) => (grouped.by ?? []).map((key) => valueIn(key, { ...place, span }))
  const spans = selected(grouped.selector, place).filter((span) => !keysOf(span).some(missing))
  return spans.some((one) => {
    const group = spans.filter((other) => keysOf(one).every((key, i) => identical(key, keysOf(other)[i])))
    return testHolds(test, { ...place, group })
  })
}

function leftOf(test: Exclude<Test, Comparison>): Operand {
  return test.kind === 'exists' || test.kind === 'truthy' ? test.operand : test.left
}

export function groupedIn(operand: Operand): Count | Aggregate | undefined {
  switch (operand.kind) {
    case 'arithmetic':
      return groupedIn(operand.left) ?? groupedIn(operand.right)
    case 'negation':
    case 'numberOf':
      return groupedIn(operand.operand)
    case 'count':
    case 'aggregate':
      return operand.by === undefined ? undefined : operand
    default:
      return undefined
  }
}

export function selected(selector: Selector, place: Place): readonly Span[] {
  const { name } = selector
  return place.trace.spans.filter((span) => fits(name, span.name) && narrowed(selector, { ...place, span }))
}

/** Whether the span of the place passes the filters and has such events. */
function narrowed({ filters, events = [] }: Pick<Selector, 'filters' | 'events'>, place: Place): boolean {
  return passesAll(filters, place) && events.every((wanted) => hasEvent(wanted, place))
}

function hasEvent({ name, filters }: EventSelector, place: Place): boolean {
  const events = place.span?.events() ?? []
  return events.some((event) => fits(name, event.name) && passesAll(filters, { ...place, event }))
}

export function fits(pattern: NamePattern, name: string): boolean {
  if (pattern.kind === 'any') return true
  return pattern.kind === 'exact' ? pattern.name === name : fitsGlob([...pattern.pattern], [...name])
}

function fitsGlob(pattern: readonly string[], name: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return name.length === 0
  if (first === '*') return fitsGlob(rest, name) || (name.length > 0 && fitsGlob(pattern, name.slice(1)))
  return name[0] === first && fitsGlob(rest, name.slice(1))
}

function passesAll(filters: readonly Filter[], place: Place): boolean {
  return filters.every((filter) => passes(filter, place))
}

function passes(filter: Filter, place: Place): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.operands.every((operand) => passes(operand, place))
    case 'or':
      return filter.operands.some((operand) => passes(operand, place))
    case 'not':
      return !passes(filter.operand, place)
    default:
      return testHolds(filter, place)
  }
}

export function testHolds(test: Test, place: Place): boolean {
  switch (test.kind) {
    case 'comparison':
      return holds(test.operator, valueIn(test.left, place), rightValue(test, place))
    case 'membership': {
      const items = test.items.map((item) => valueIn(item, place))
      const left = valueIn(test.left, place)
      return test.negated
        ? every(left, (one) => items.some((item) => alike(one, item)) && !items.some((item) => same(one, item)))
        : some(left, (one) => items.some((item) => same(one, item)))
    }
    case 'matches':
      return some(
        valueIn(test.left, place),
        (one) => typeof one === 'string' && new RegExp(test.pattern, 'u').test(one),
      )
    case 'exists':
      return !missing(valueIn(test.operand, place))
    case 'truthy':
      return valueIn(test.operand, place) === true
  }
}

function rightValue({ operator, right }: Comparison, place: Place): Value {
  if (right.kind !== 'attributeOrText') return valueIn(right, place)
  if (place.span === undefined) return right.word
  const value = attribute(place, right.word)
  if (!missing(value)) return value
  return operator === '!=' ? undefined : right.word
}

function some(value: Value, holdsOf: (one: Value) => boolean): boolean {
  return Array.isArray(value) ? value.some((element) => some(element, holdsOf)) : holdsOf(value)
}

function every(value: Value, holdsOf: (one: Value) => boolean): boolean {
  return Array.isArray(value) ? value.every((element) => every(element, holdsOf)) : holdsOf(value)
}

function holds(operator: Comparison['operator'], left: Value, right: Value): boolean {
  if (missing(left) || missing(right)) return false
  switch (operator) {
    case '!=':
      // An element without a value is missing, also where there is nothing to differ from.
      return every(left, (l) => !missing(l) && every(right, (r) => alike(l, r) && !same(l, r)))
    case 'contains':
      return Array.isArray(left)
        ? some(left, (l) => some(right, (r) => same(l, r)))
        : some(right, (r) => texts(left, r, (l, t) => l.includes(t)))
    default:
      return some(left, (l) => some(right, (r) => holdsOfScalars(operator, l, r)))
  }
}

function holdsOfScalars(operator: Comparison['operator'], left: Value, right: Value): boolean {
  switch (operator) {
    case '<':
      return isBefore(left, right)
    case '<=':
      return isBefore(left, right) || (typeof left !== 'boolean' && same(left, right))
    case '>':
      return isBefore(right, left)
    case '>=':
      return isBefore(right, left) || (typeof left !== 'boolean' && same(left, right))
    case 'starts with':
      return texts(left, right, (l, r) => l.slice(0, r.length) === r)
    case 'ends with':
      return texts(left, right, (l, r) => l.length >= r.length && l.slice(l.length - r.length) === r)
    default:
      return same(left, right)
  }
}

function texts(left: Value, right: Value, holdsOf: (left: string, right: string) => boolean): boolean {
  return typeof left === 'string' && typeof right === 'string' && holdsOf(left, right)
}

function attribute(place: Place, key: string, exact = false): Value {
  const own = underKey(place, key)
  return exact || !missing(own) ? own : underOthers(place, key)
}

function underKey({ span, event }: Place, key: string): Value {
  if (event !== undefined) return event.attributes.get(key)
  const own = span?.attributes.get(key)
  return missing(own) ? span?.resource.get(key) : own
}

/** The first of the table's other names, row by row, that is there and means the same here. */
function underOthers(place: Place, key: string): Value {
  for (const renamed of RENAMED_ATTRIBUTES) {
    if (!applies(renamed, place)) continue
    for (const other of othersIn(renamed, key)) {
      const found = converted(renamed, renamed.beside ? place.span?.attributes.get(other) : underKey(place, other))
      if (!missing(found)) return found
    }
  }
  return undefined
}

function othersIn({ rows = [], narrower = [] }: RenamedAttributes, key: string): readonly string[] {
  const equals = rows.filter((row) => row.includes(key)).flatMap((row) => row.filter((name) => name !== key))
  return [...equals, ...narrower.filter(([newer]) => newer === key).flatMap(([, ...older]) => older)]
}

function applies({ kinds, beside }: RenamedAttributes, { span, event }: Place): boolean {
  if (kinds !== undefined && !kinds.includes(span?.kind ?? -1)) return false
  return beside === undefined || (event === undefined && beside.every((key) => !missing(span?.attributes.get(key))))
}

function converted({ reads }: RenamedAttributes, value: Value): Value {
  if (reads === 'number') return numeric(value)
  return reads === 'known' && (value === 'none' || value === 'UNKNOWN') ? undefined : value
}

/** Of a resource alone: what the kind of a span decides does not count. */
function resourceAttribute({ resource }: Span, key: string): Value {
  const names = RENAMED_ATTRIBUTES.filter(({ kinds, beside }) => kinds === undefined && beside === undefined)
  const read = [key, ...names.flatMap((renamed) => othersIn(renamed, key))].map((name) => resource.get(name))
  return read.find((value) => !missing(value))
}

export function valueIn(operand: Operand, place: Place): Value {
  const { trace, span } = place
  switch (operand.kind) {
    case 'duration':
      return operand.nanos
    case 'number':
    case 'text':
    case 'boolean':
      return operand.value
    case 'attribute':
      if (span === undefined) return undefined
      return operand.from === 'any'
        ? attribute(place, operand.key, operand.exact)
        : resourceAttribute(span, operand.key)
    case 'attributeOrText':
      return span === undefined ? operand.word : attribute(place, operand.word)
    case 'boundValue': {
      const bound = place.names.get(operand.bound.id)
      return bound && valueIn(operand.value, { trace, names: place.names, span: bound })
    }
    case 'intrinsic':
      return operand.name.startsWith('trace.') ? ofTrace(operand.name, trace) : span && ofSpan(operand.name, span)
    case 'arithmetic':
      return calculation(operand, place)
    case 'negation':
      return negated(valueIn(operand.operand, place))
    case 'numberOf':
      return numeric(valueIn(operand.operand, place))
    case 'count':
      return spansOf(operand, place).length
    case 'aggregate': {
      const values = spansOf(operand, place).map((each) => valueIn(operand.of, { ...place, span: each }))
      return aggregated(operand.function, values)
    }
  }
}

function spansOf({ by, selector }: Count | Aggregate, place: Place): readonly Span[] {
  return by !== undefined && place.group !== undefined ? place.group : selected(selector, place)
}

function calculation({ operator, left, right }: Arithmetic, place: Place): Value {
  return calculated(operator, valueIn(left, place), valueIn(right, place))
}

function ofTrace(name: string, { spans }: Trace): Value {
  const root = spans.find(({ parentSpanId }) => parentSpanId === '')
  const services = spans.map(({ resource }) => resource.get('service.name')).filter((each) => typeof each === 'string')
  const starts = spans.map(({ startUnixNano }) => startUnixNano)
  const ends = [...starts, ...spans.map(({ endUnixNano }) => endUnixNano)]
  const [first, last] = [starts.reduce(least, starts[0] ?? 0n), ends.reduce(greatest, ends[0] ?? 0n)]
  return {
    'trace.spans': spans.length,
    'trace.services': new Set(services).size,
    'trace.root.name': root?.name,
    'trace.root.service': root?.resource.get('service.name'),
    'trace.duration': tidy(last - first),
  }[name]
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function greatest(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function ofSpan(name: string, span: Span): Value {
  const { name: spanName, kind, statusCode, statusMessage, startUnixNano, endUnixNano, resource } = span
  return {
    'span.status_message': statusMessage === '' ? undefined : statusMessage,
    'span.name': spanName,
    'span.service': resource.get('service.name'),
    'span.duration': endUnixNano < startUnixNano ? 0 : tidy(endUnixNano - startUnixNano),
    'span.status': ['unset', 'ok', 'error'][statusCode] ?? `${statusCode}`,
    'span.kind': ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'][kind] ?? `${kind}`,
  }[name]
}
