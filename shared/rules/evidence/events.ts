import type { EventSelector } from '../ast.ts'
import type { SpanView } from '../compile/plan.ts'
import { type EventView, eventLookups, planEvent, planName } from '../compile/plan-selector.ts'
import { eventsOf } from '../judge/run.ts'
import type { EvidenceValue } from '../judge/verdict.ts'
import { printExactName, printName } from '../print/print.ts'
import { failures, isTrue } from './reasons.ts'
import { eventNamed } from './selection.ts'
import type { Sight } from './sight.ts'
import { readValues } from './values-read.ts'

/** How many events of a span are named as failing. */
const MAX_TOLD = 2

/** How many such events a span has, and what was read on the first: `event(exception)=1 event(exception).exception.type=…`. */
export function eventValues(
  { scope, lookups }: Sight<SpanView>,
  selector: EventSelector,
): readonly (readonly [string, EvidenceValue])[] {
  const isOne = planEvent(selector, lookups)
  const found = eventsOf(scope).filter((event) => isOne({ view: scope, event }))
  const label = `event(${printName(selector.name)})`
  const [first] = found
  if (first === undefined) return [[label, 0]]
  const read = readValues(eventSight({ view: scope, event: first }, lookups), [], selector.filters)
  return [[label, found.length], ...read.map(([key, value]) => [`${label}.${key}`, value] as const)]
}

/** Why a span has no such event; nothing where it has one. */
export function missingEvents({ scope, lookups }: Sight<SpanView>, selector: EventSelector): readonly string[] {
  const isOne = planEvent(selector, lookups)
  if (eventsOf(scope).some((event) => isOne({ view: scope, event }))) return []
  const isNamed = planName(selector.name)
  const named = eventsOf(scope).filter(({ name }) => isNamed(name))
  if (named.length === 0) return [`it does not have ${eventNamed(selector.name)}`]
  return named.slice(0, MAX_TOLD).map((event) => {
    const sight = eventSight({ view: scope, event }, lookups)
    const failing = selector.filters.filter((filter) => !isTrue(sight, filter))
    return `event ${printExactName(event.name)}: ${failing.flatMap((filter) => failures(sight, filter)).join('; ')}`
  })
}

function eventSight(scope: EventView, lookups: Sight<SpanView>['lookups']): Sight<EventView> {
  return { scope, lookups: eventLookups(lookups) }
}
