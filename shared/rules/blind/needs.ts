import type {
  Attribute,
  Bound,
  CheckedRule,
  Condition,
  EventSelector,
  Filter,
  NamePattern,
  Operand,
  Selector,
  Test,
} from '../ast.ts'
import { usesNames } from '../binding/references.ts'
import { nameShape, selectorShape } from '../compile/shape.ts'
import { atomsOf, operandsOf } from '../walk.ts'
import { type OptionalValue, optionalPartsOf, optionalValuesOf } from './missing.ts'
import { readFilters, readSelector } from './weaken.ts'

/** An attribute that a rule reads, and the spans it reads it on. */
export interface Need {
  readonly attribute: Attribute
  /** The spans that the attribute is asked of: of the name written, with what else the filters say of them. */
  readonly spans: Selector
  /** The attribute is asked of their events of this name. */
  readonly event?: NamePattern
}

/** Every attribute that can leave the rule blind, each once for the same spans. */
export function needsOf(body: CheckedRule['body']): readonly Need[] {
  const found: Need[] = []
  const conditions = body.kind === 'pattern' ? [body.condition] : [body.when, body.always, body.never, body.except]
  const bound = new Map<number, Selector>()
  for (const condition of conditions) if (condition !== undefined) addNeeds(condition, { bound, found })
  return [...new Map(found.map((need) => [identityOf(need), need] as const)).values()]
}

function identityOf({ attribute, spans, event }: Need): string {
  const { key, from, exact } = attribute
  return JSON.stringify([key, from, exact === true, selectorShape(spans), event && nameShape(event)])
}

interface Gathering {
  /** The spans that each name may be bound to. */
  readonly bound: Map<number, Selector>
  readonly found: Need[]
}

function addNeeds(condition: Condition, gathering: Gathering): void {
  for (const atom of atomsOf(condition)) {
    switch (atom.kind) {
      case 'has':
        addNeedsOfSelector(atom.selector, gathering)
        if (atom.as !== undefined) gathering.bound.set(atom.as.id, unnamed(readSelector(atom.selector, 'possible')))
        break
      case 'all':
        addNeedsOfSelector(atom.selector, gathering)
        addNeedsOfFilters(atom.filters, unnamed(readSelector(atom.selector, 'possible')), gathering)
        break
      case 'order':
      case 'structure':
        for (const side of [atom.left, atom.right]) if (side.kind === 'selector') addNeedsOfSelector(side, gathering)
        break
      case 'boundWhere': {
        const spans = boundSpans(atom.bound, gathering)
        if (spans === undefined) break
        addNeedsOfFilters(atom.filters, spans, gathering)
        for (const event of atom.events ?? []) addNeedsOfEvent(event, spans, gathering)
        break
      }
      default:
        addNeedsOfTraceTest(atom, gathering)
    }
  }
}

function boundSpans({ id }: Bound, { bound }: Gathering): Selector | undefined {
  return bound.get(id)
}

/** Without what only makes sense beside another span of the rule. */
function unnamed(selector: Selector): Selector {
  const { events, ...rest } = selector
  const kept = events?.filter((event) => !usesNames(event)) ?? []
  const filters = selector.filters.flatMap(conjuncts).filter((filter) => !usesNames(filter))
  return { ...rest, filters, ...(kept.length > 0 && { events: kept }) }
}

function conjuncts(filter: Filter): readonly Filter[] {
  return filter.kind === 'and' ? filter.operands.flatMap(conjuncts) : [filter]
}

function addNeedsOfSelector(selector: Selector, gathering: Gathering): void {
  const { name, range, events = [] } = selector
  addNeedsOfFilters(selector.filters, { kind: 'selector', name, filters: [], range }, gathering)
  const spans = unnamed(readSelector({ ...selector, events: [] }, 'possible'))
  for (const event of events) addNeedsOfEvent(event, spans, gathering)
}

/** Each filter asks the spans that the filters beside it leave. */
function addNeedsOfFilters(filters: readonly Filter[], spans: Selector, gathering: Gathering): void {
  const parts = filters.flatMap(conjuncts)
  for (const part of parts) {
    const beside = readFilters(
      parts.filter((other) => other !== part && !usesNames(other)),
      'possible',
    )
    const asked = { ...spans, filters: [...spans.filters, ...beside] }
    for (const test of atomsOf<Test>(part)) addValues(optionalValuesOf(test), { spans: asked }, gathering)
  }
}

function addNeedsOfEvent({ name, filters }: EventSelector, spans: Selector, gathering: Gathering): void {
  for (const filter of filters)
    for (const test of atomsOf<Test>(filter)) addValues(optionalValuesOf(test), { spans, event: name }, gathering)
}

function addNeedsOfTraceTest(test: Test, gathering: Gathering): void {
  addValues(
    optionalValuesOf(test).filter(({ kind }) => kind === 'boundValue'),
    undefined,
    gathering,
  )
  for (const operand of operandsOf(test)) {
    if (operand.kind !== 'count' && operand.kind !== 'aggregate') continue
    addNeedsOfSelector(operand.selector, gathering)
    const spans = unnamed(readSelector(operand.selector, 'possible'))
    const read: readonly Operand[] = [...(operand.by ?? []), ...(operand.kind === 'aggregate' ? [operand.of] : [])]
    for (const each of read) addValues(optionalPartsOf(each), { spans }, gathering)
  }
}

/** A value of a bound span is asked of the spans that its name may be bound to. */
function addValues(
  values: readonly OptionalValue[],
  where: Pick<Need, 'spans' | 'event'> | undefined,
  gathering: Gathering,
): void {
  for (const value of values) {
    if (value.kind === 'boundValue') {
      const spans = boundSpans(value.bound, gathering)
      if (spans !== undefined) gathering.found.push({ attribute: value.value, spans })
    } else if (where !== undefined) {
      // What a resource carries is no event's own.
      gathering.found.push({ attribute: value, ...(value.from === 'resource' ? { spans: where.spans } : where) })
    }
  }
}
