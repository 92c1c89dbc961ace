import { namesOf } from '../../trace/attribute-names.ts'
import type { AttributeSource, SpanEvent } from '../../trace/span.ts'
import type { Attribute, EventSelector, NamePattern, Selector } from '../ast.ts'
import { nameOnEvent, readEventAttribute } from '../judge/attribute.ts'
import { eventsOf } from '../judge/run.ts'
import { globTest } from './glob.ts'
import type { SpanView } from './plan.ts'
import { type Decider, type Lookups, planFilters, throughLookups } from './plan-test.ts'

/** One event of a span, as the filters behind `.event(…)` see it. */
export interface EventView {
  readonly view: SpanView
  readonly event: SpanEvent
}

/** Whether a span so named passes the filters and has the events; undefined where nothing is asked of it. */
export function planNarrowing(
  { filters, events = [] }: Pick<Selector, 'filters' | 'events'>,
  lookups: Lookups<SpanView>,
): Decider<SpanView> | undefined {
  if (filters.length === 0 && events.length === 0) return undefined
  const passes = planFilters(filters, lookups)
  if (events.length === 0) return passes
  const have = events.map((selector) => planEvent(selector, lookups))
  return (view) => passes(view) && have.every((isOne) => eventsOf(view).some((event) => isOne({ view, event })))
}

/** Whether an event has the name and passes the filters. */
export function planEvent({ name, filters }: EventSelector, lookups: Lookups<SpanView>): Decider<EventView> {
  const isNamed = planName(name)
  const passes = planFilters(filters, eventLookups(lookups))
  return (view) => isNamed(view.event.name) && passes(view)
}

export function planName(pattern: NamePattern): (name: string) => boolean {
  switch (pattern.kind) {
    case 'exact':
      return (name) => name === pattern.name
    case 'glob':
      return globTest(pattern.pattern)
    case 'any':
      return () => true
  }
}

/** An attribute is the event's own and no other's; all else is read of its span. */
export function eventLookups(ofSpan: Lookups<SpanView>): Lookups<EventView> {
  return lookupsOfEvent(
    throughLookups(ofSpan, ({ view }: EventView) => view),
    ({ view, event }) => ({ attributes: event.attributes, kind: view.span.kind }),
  )
}

/** The same in any scope that leads to an event and the kind of its span. */
export function lookupsOfEvent<Scope>(
  ofSpan: Lookups<Scope>,
  eventOf: (scope: Scope) => { readonly attributes: AttributeSource; readonly kind: number },
): Lookups<Scope> {
  const own = ({ key, exact }: Pick<Attribute, 'key' | 'exact'>) => {
    const names = namesOf(key, exact)
    return (scope: Scope) => {
      const { attributes, kind } = eventOf(scope)
      return readEventAttribute(attributes, kind, names)
    }
  }
  return {
    ...ofSpan,
    attribute: (attribute) => (attribute.from === 'any' ? own(attribute) : ofSpan.attribute(attribute)),
    nameRead(value) {
      if (value.kind === 'boundValue' || value.from !== 'any') return ofSpan.nameRead(value)
      const names = namesOf(value.key, value.exact)
      return (scope) => {
        const { attributes, kind } = eventOf(scope)
        return nameOnEvent(attributes, kind, names)
      }
    },
    attributeOrText(word, textStandsIn) {
      const read = own({ key: word })
      return textStandsIn ? (scope) => read(scope) ?? word : read
    },
  }
}
