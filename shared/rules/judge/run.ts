import type { AttributeNames } from '../../trace/attribute-names.ts'
import { ANY_MARK, type KeyMarks, mayHaveMark, newKeyMarks, noteMark } from '../../trace/key-marks.ts'
import type { AttributeSource, Span, SpanEvent, Trace } from '../../trace/span.ts'
import type { GroupSpans, NamedSpans, NameGroup, Predicate, Run, SpanView, TraceFacts } from '../compile/plan.ts'
import { normalise } from './arithmetic.ts'
import { readAttribute } from './attribute.ts'
import { type Lineage, lineageOf } from './lineage.ts'
import type { Value } from './values.ts'

export function newRun(trace: Trace, spansByName: ReadonlyMap<string, NamedSpans>): Run {
  return { trace, spansByName, spansByGroup: undefined, facts: undefined, lineage: undefined }
}

/** The spans whose name fits the group's pattern, undefined where no name does. */
export function spansOf(run: Run, group: NameGroup): GroupSpans | undefined {
  run.spansByGroup ??= gatherGroups(run)
  const known = run.spansByGroup.get(group)
  if (known !== undefined || group.pattern.kind !== 'any') return known
  const every = newGroupSpans(Array.from(run.trace.spans, (_, position) => position))
  run.spansByGroup.set(group, every)
  return every
}

function newGroupSpans(positions: readonly number[]): GroupSpans {
  return { positions, views: [], counts: [], keys: undefined, passing: undefined }
}

function gatherGroups(run: Run): Map<NameGroup, GroupSpans> {
  const gathered = new Map<NameGroup, GroupSpans>()
  for (const { groups, positions } of run.spansByName.values()) {
    for (const group of groups) {
      const before = gathered.get(group)?.positions
      gathered.set(group, newGroupSpans(before === undefined ? positions : [...before, ...positions]))
    }
  }
  return gathered
}

export function newView(run: Run, position: number): SpanView {
  return { run, span: run.trace.spans[position] as Span, values: [], events: undefined }
}

/** How many spans the predicate takes; at most 1 where no rule needs more than that there is one. */
export function countSpans(run: Run, predicate: Predicate): number {
  const spans = spansOf(run, predicate.group)
  if (spans === undefined) return 0
  if (predicate.test === undefined) return spans.positions.length
  if (predicate.uses === 1) return countPassing(run, predicate, spans)
  const known = spans.counts[predicate.number]
  if (known !== undefined) return known
  const count = countPassing(run, predicate, spans)
  spans.counts[predicate.number] = count
  return count
}

function countPassing(run: Run, predicate: Predicate, spans: GroupSpans): number {
  if (!somePassesPerhaps(run, predicate, spans)) return 0
  const { test, counted } = predicate
  const { positions, views } = spans
  let count = 0
  for (let i = 0; i < positions.length; i++) {
    const view = views[i] ?? newView(run, positions[i] as number)
    views[i] = view
    if (test?.(view) !== true) continue
    if (!counted) return 1
    count++
  }
  return count
}

/** Filters on spans of one name, from which on it pays to note the keys of these spans first. */
const PREDICATES_WORTH_KEYS = 8

/** False only if no span of the group has the attributes that the predicate needs. */
function somePassesPerhaps({ trace }: Run, { group, needs }: Predicate, spans: GroupSpans): boolean {
  if (needs.length === 0 || group.predicates < PREDICATES_WORTH_KEYS) return true
  spans.keys ??= keysOf(trace, spans.positions)
  for (const alternatives of needs) if (!hasOneOf(spans.keys, alternatives)) return false
  return true
}

function hasOneOf(keys: KeyMarks, alternatives: readonly number[]): boolean {
  for (const mark of alternatives) if (mayHaveMark(keys, mark)) return true
  return false
}

function keysOf({ spans }: Trace, positions: readonly number[]): KeyMarks {
  const marks = newKeyMarks()
  let noted: AttributeSource | undefined
  for (const position of positions) {
    const { attributes, resource } = spans[position] as Span
    noteKeys(attributes, marks)
    if (resource !== noted) noteKeys(resource, marks)
    noted = resource
  }
  return marks
}

function noteKeys(source: AttributeSource, marks: KeyMarks): void {
  if (source.noteKeys === undefined) noteMark(marks, ANY_MARK)
  else source.noteKeys(marks)
}

/** The spans the predicate takes. */
export function passingViews(run: Run, predicate: Predicate): readonly SpanView[] {
  const { group, test } = predicate
  const spans = spansOf(run, group)
  if (spans === undefined || !somePassesPerhaps(run, predicate, spans)) return []
  const { positions, views } = spans
  const passing: SpanView[] = []
  for (let i = 0; i < positions.length; i++) {
    const view = views[i] ?? newView(run, positions[i] as number)
    views[i] = view
    if (test === undefined || test(view)) passing.push(view)
  }
  return passing
}

/** Positions of the spans the predicate takes, ascending. */
export function passingPositions(run: Run, predicate: Predicate): readonly number[] {
  const { group, number, test } = predicate
  const spans = spansOf(run, group)
  if (spans === undefined || !somePassesPerhaps(run, predicate, spans)) return []
  const known = spans.passing?.get(number)
  if (known !== undefined) return known
  const { positions, views } = spans
  const taken = positions.filter((position, i) => {
    if (test === undefined) return true
    const view = views[i] ?? newView(run, position)
    views[i] = view
    return test(view)
  })
  const passing = group.pattern.kind === 'glob' ? taken.sort((a, b) => a - b) : taken
  spans.passing ??= new Map()
  spans.passing.set(number, passing)
  return passing
}

/** Worked out once a trace, and only where a rule asks which span is under which. */
export function lineageOfRun(run: Run): Lineage {
  run.lineage ??= lineageOf(run.trace.spans)
  return run.lineage
}

/** The steps of one rule are counted from here. */
export function startCounting({ lineage }: Run): void {
  if (lineage !== undefined) lineage.steps = 0
}

/** Decoded once a span. */
export function eventsOf(view: SpanView): readonly SpanEvent[] {
  view.events ??= view.span.events()
  return view.events
}

/** An attribute of the span, remembered for the rest of the run. */
export function readOnce(view: SpanView, names: AttributeNames, slot: number): Value {
  const known = view.values[slot]
  if (known !== undefined) return known
  const value = readAttribute(view.span, names) ?? null
  view.values[slot] = value
  return value
}

/** Nanoseconds. Where a clock stepped back and the end lies before the start, the span ended when it started. */
export function spanDuration({ startUnixNano, endUnixNano }: Span): number | bigint {
  return endUnixNano > startUnixNano ? normalise(endUnixNano - startUnixNano) : 0
}

export function serviceOf(span: Span): Value {
  return span.resource.get('service.name')
}

export function factsOf(run: Run): TraceFacts {
  run.facts ??= gatherFacts(run.trace)
  return run.facts
}

function gatherFacts({ spans }: Trace): TraceFacts {
  const services = new Set<string>()
  let root: Span | undefined
  let first = spans[0]?.startUnixNano ?? 0n
  let last = first
  for (const span of spans) {
    const service = serviceOf(span)
    if (typeof service === 'string') services.add(service)
    if (span.parentSpanId === '') root ??= span
    if (span.startUnixNano < first) first = span.startUnixNano
    if (span.startUnixNano > last) last = span.startUnixNano
    if (span.endUnixNano > last) last = span.endUnixNano
  }
  return { durationNanos: normalise(last - first), services: services.size, root }
}
