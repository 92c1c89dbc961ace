import type { SpanEvent } from '../../trace/span.ts'
import type { Attribute, EventSelector, NamePattern, Selector } from '../ast.ts'
import { eventsOf } from '../judge/run.ts'
import { globTest } from './glob.ts'
import type { SpanView } from './plan.ts'
import { type Decider, type Lookups, planFilters } from './plan-test.ts'

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
  const own = (key: string) => (view: EventView) => view.event.attributes.get(key)
  return {
    attribute(attribute: Attribute) {
      if (attribute.from === 'any') return own(attribute.key)
      const read = ofSpan.attribute(attribute)
      return ({ view }) => read(view)
    },
    attributeOrText(word, textStandsIn) {
      const read = own(word)
      return textStandsIn ? (view) => read(view) ?? word : read
    },
    intrinsic(intrinsic) {
      const read = ofSpan.intrinsic(intrinsic)
      return ({ view }) => read(view)
    },
    boundValue(value) {
      const read = ofSpan.boundValue(value)
      return ({ view }) => read(view)
    },
    count: () => nothing,
    aggregate: () => nothing,
    regex: ofSpan.regex,
  }
}

const nothing = () => undefined
