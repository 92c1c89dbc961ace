import type {
  Attribute,
  CheckedRule,
  Condition,
  EventSelector,
  Filter,
  NamePattern,
  Operand,
  Selector,
  Test,
} from '../ast.ts'
import { conjuncts, ownSelector, usesNames } from '../binding/references.ts'
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
  /**
   * Of alternatives in one filter, as `url.full matches "x" or http.target matches "x"`: where the attributes of one arm are
   * found, the rule does without those of the others.
   */
  readonly arms: readonly Arm[]
}

/** An arm of the alternatives with this number. */
export interface Arm {
  readonly alternatives: number
  readonly arm: number
}

/** Every attribute that can leave the rule blind, each once for the same spans. */
export function needsOf(body: CheckedRule['body']): readonly Need[] {
  const found: Need[] = []
  const conditions = body.kind === 'pattern' ? [body.condition] : [body.when, body.always, body.never, body.except]
  const gathering: Gathering = { bound: new Map(), found, alternatives: 0 }
  for (const condition of conditions) if (condition !== undefined) addNeeds(condition, gathering)
  return [...new Map(found.map((need) => [identityOf(need), need] as const)).values()]
}

function identityOf({ attribute, spans, event, arms }: Need): string {
  const { key, from, exact } = attribute
  return JSON.stringify([key, from, exact === true, selectorShape(spans), event && nameShape(event), arms])
}

interface Gathering {
  /** The spans that each name may be bound to. */
  readonly bound: Map<number, Selector>
  readonly found: Need[]
  /** Alternatives met so far. */
  alternatives: number
}

function addNeeds(condition: Condition, gathering: Gathering): void {
  for (const atom of atomsOf(condition)) {
    switch (atom.kind) {
      case 'has':
        addNeedsOfSelector(atom.selector, gathering)
        if (atom.as !== undefined) gathering.bound.set(atom.as.id, ownSelector(readSelector(atom.selector, 'possible')))
        break
      case 'all':
        addNeedsOfSelector(atom.selector, gathering)
        addNeedsOfFilters(atom.filters, ownSelector(readSelector(atom.selector, 'possible')), gathering)
        break
      case 'order':
      case 'structure':
        for (const side of [atom.left, atom.right]) if (side.kind === 'selector') addNeedsOfSelector(side, gathering)
        break
      case 'boundWhere': {
        const spans = gathering.bound.get(atom.bound.id)
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

function addNeedsOfSelector(selector: Selector, gathering: Gathering): void {
  const { name, range, events = [] } = selector
  addNeedsOfFilters(selector.filters, { kind: 'selector', name, filters: [], range }, gathering)
  const spans = ownSelector(readSelector({ ...selector, events: [] }, 'possible'))
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
    addNeedsOfFilter(part, { spans: asked, arms: [] }, gathering)
  }
}

function addNeedsOfEvent({ name, filters }: EventSelector, spans: Selector, gathering: Gathering): void {
  for (const filter of filters) addNeedsOfFilter(filter, { spans, event: name, arms: [] }, gathering)
}

type Place = Omit<Need, 'attribute'>

/** `negated`: under `not`, where `and` is what gives alternatives. */
function addNeedsOfFilter(filter: Filter, place: Place, gathering: Gathering, negated = false): void {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const alternatives = (filter.kind === 'or') !== negated ? gathering.alternatives++ : undefined
      for (const [arm, operand] of filter.operands.entries()) {
        const arms = alternatives === undefined ? place.arms : [...place.arms, { alternatives, arm }]
        addNeedsOfFilter(operand, { ...place, arms }, gathering, negated)
      }
      return
    }
    case 'not':
      addNeedsOfFilter(filter.operand, place, gathering, !negated)
      return
    default:
      addValues(optionalValuesOf(filter), place, gathering)
  }
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
    const spans = ownSelector(readSelector(operand.selector, 'possible'))
    const read: readonly Operand[] = [...(operand.by ?? []), ...(operand.kind === 'aggregate' ? [operand.of] : [])]
    for (const each of read) addValues(optionalPartsOf(each), { spans, arms: [] }, gathering)
  }
}

/** A value of a bound span is asked of the spans that its name may be bound to. */
function addValues(values: readonly OptionalValue[], place: Place | undefined, gathering: Gathering): void {
  const { bound, found } = gathering
  for (const value of values) {
    if (value.kind === 'boundValue') {
      const spans = bound.get(value.bound.id)
      if (spans !== undefined) found.push({ attribute: value.value, spans, arms: place?.arms ?? [] })
    } else if (place !== undefined) {
      const { event: _, ...ofSpan } = place
      // An event has no resource: the attribute is that of its span's.
      found.push({ attribute: value, ...(value.from === 'resource' ? ofSpan : place) })
    }
  }
}
