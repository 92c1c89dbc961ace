import type { Operand, Selector, Test } from '../ast.ts'
import { lookupsOf, lookupsOfTest } from '../compile/requirement.ts'
import { serviceOf } from '../judge/run.ts'
import type { SpanEvidence } from '../judge/verdict.ts'
import { eventValues, missingEvents } from './events.ts'
import { type Inspection, spanSight } from './inspection.ts'
import { failures, isTrue } from './reasons.ts'
import { type EvidenceNarrowing, isNarrowed, type Selection } from './selection.ts'
import { readValues } from './values-read.ts'
import { cut } from './wording.ts'

export const MAX_SPANS = 3
const MAX_VALUES = 8
const MAX_REASONS = 3
/** Near misses are ranked among this many spans. */
const MAX_RANKED = 100

export const noMisses = { nearMisses: [], nearMissCount: 0 }

/** The first spans that decided a condition, with what was read on them; `taken`: what was taken of each. */
export function witnesses(
  inspection: Inspection,
  positions: readonly number[],
  narrowing: EvidenceNarrowing,
  taken: readonly Operand[] = [],
) {
  const spans = positions.slice(0, MAX_SPANS).map((position) => spanEvidence(inspection, position, narrowing, taken))
  return { spans, spanCount: positions.length }
}

/** The bound spans whose values a test reads, each with those values. */
export function boundSpans(inspection: Inspection, test: Test) {
  const read = lookupsOfTest(test).filter((operand) => operand.kind === 'boundValue')
  const positions = new Set(read.map(({ bound }) => inspection.names.get(bound.id)).filter(isThere))
  const spans = [...positions].map((position) => {
    const values = read.filter(({ bound }) => inspection.names.get(bound.id) === position).map(({ value }) => value)
    return spanEvidence(inspection, position, { filters: [] }, values)
  })
  return { spans, spanCount: spans.length }
}

function isThere(position: number | undefined): position is number {
  return position !== undefined
}

/** Spans of the name that fail the filters, where none passes: those that fail the fewest tests first. */
export function nearMisses(inspection: Inspection, selector: Selector, { named, passing }: Selection) {
  if (passing.length > 0 || !isNarrowed(selector)) return noMisses
  const ranked = named.slice(0, MAX_RANKED).map((position) => missed(inspection, position, selector))
  const nearest = ranked.sort((a, b) => a.failed - b.failed).slice(0, MAX_SPANS)
  return { nearMisses: nearest.map(({ evidence }) => evidence), nearMissCount: named.length }
}

/** A span that fails some of the filters, how many tests it fails, and why. */
export function missed(inspection: Inspection, position: number, narrowing: EvidenceNarrowing) {
  const sight = spanSight(inspection, position)
  const { filters, events = [] } = narrowing
  const reasons = [
    ...filters.filter((filter) => !isTrue(sight, filter)).flatMap((filter) => failures(sight, filter)),
    ...events.flatMap((event) => missingEvents(sight, event)),
  ]
  const shown = reasons.slice(0, MAX_REASONS).join('; ')
  const reason = reasons.length > MAX_REASONS ? `${shown}; and ${reasons.length - MAX_REASONS} more` : shown
  return { failed: reasons.length, evidence: { ...spanEvidence(inspection, position, narrowing), reason } }
}

export function spanEvidence(
  inspection: Inspection,
  position: number,
  { filters, events = [] }: EvidenceNarrowing,
  taken: readonly Operand[] = [],
): SpanEvidence {
  const sight = spanSight(inspection, position)
  const { span } = sight.scope
  const service = serviceOf(span)
  const values = [
    ...readValues(sight, taken.flatMap(lookupsOf), filters),
    ...events.flatMap((event) => eventValues(sight, event)),
  ]
  return {
    spanId: span.spanId,
    name: cut(span.name),
    service: typeof service === 'string' ? cut(service) : '',
    values: Object.fromEntries(values.slice(0, MAX_VALUES)),
  }
}
