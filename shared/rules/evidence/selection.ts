import type { NamePattern, Selector } from '../ast.ts'
import { planNarrowing } from '../compile/plan-selector.ts'
import { nameShape } from '../compile/shape.ts'
import { newView, spansOf } from '../judge/run.ts'
import { printExactName, printFilters, printName } from '../print/print.ts'
import { nearest } from '../read/suggest.ts'
import { type Inspection, lookupsWithNames } from './inspection.ts'

/** What is asked of spans beside their name. */
export type EvidenceNarrowing = Pick<Selector, 'filters' | 'events'>

/** Spans of a name, and those of them that pass the filters: positions in the trace, ascending. */
export interface Selection {
  readonly named: readonly number[]
  readonly passing: readonly number[]
}

/** Of a shorter name many others are near. */
const minNearLength = 4
/** The nearest name is looked for among this many spans. */
const MAX_COMPARED = 100

export function select(inspection: Inspection, selector: Selector): Selection {
  const { set, run } = inspection
  const group = set.groups.get(nameShape(selector.name))
  const positions = (group && spansOf(run, group)?.positions) ?? []
  const named = selector.name.kind === 'glob' ? [...positions].sort((a, b) => a - b) : positions
  const passes = planNarrowing(selector, lookupsWithNames(inspection))
  return { named, passing: passes === undefined ? named : named.filter((position) => passes(newView(run, position))) }
}

/** `0 of 12 spans named cart.validate`, or how many of those so named pass the filters. */
export function sayCount({ run: { trace } }: Inspection, selector: Selector, { named, passing }: Selection): string {
  const { name } = selector
  if (isNarrowed(selector) && named.length > 0) {
    return `${passing.length} of ${named.length} ${spansNamed(name, named.length)}${sayNarrowing(selector)}`
  }
  const count = `${named.length} of ${trace.spans.length} ${spansNamed(name, trace.spans.length)}`
  if (named.length > 0 || name.kind !== 'exact' || name.name.length < minNearLength) return count
  const others = trace.spans.slice(0, MAX_COMPARED).map((span) => span.name)
  const near = nearest(name.name, [...new Set(others.filter((other) => other.length <= 64))])
  return near === undefined ? count : `${count}; the nearest name is ${printExactName(near)}`
}

export function isNarrowed({ filters, events = [] }: EvidenceNarrowing): boolean {
  return filters.length > 0 || events.length > 0
}

export function spansNamed(name: NamePattern, count: number): string {
  const noun = count === 1 ? 'span' : 'spans'
  return name.kind === 'any' ? noun : `${noun} named ${printName(name)}`
}

/** ` where amount > 3 with an event named exception where …`, or nothing. */
export function sayNarrowing({ filters, events = [] }: EvidenceNarrowing): string {
  const where = filters.length === 0 ? '' : ` where ${printFilters(filters)}`
  const having = events.map((event) => ` with ${eventNamed(event.name)}${sayNarrowing({ filters: event.filters })}`)
  return `${where}${having.join(' and')}`
}

export function eventNamed(name: NamePattern): string {
  return name.kind === 'any' ? 'an event' : `an event named ${printName(name)}`
}
