import type { Span, Trace } from '../trace/span.ts'
import { normalise } from './arithmetic.ts'
import type { NamedSpans, NameGroup, Predicate, Run, SpanView, TraceFacts } from './plan.ts'
import type { Value } from './values.ts'

export function newRun(trace: Trace, spansByName: ReadonlyMap<string, NamedSpans>): Run {
  return {
    trace,
    spansByName,
    counts: new Map(),
    views: undefined,
    globs: undefined,
    everySpan: undefined,
    facts: undefined,
  }
}

const none: readonly number[] = []

/** Positions of the spans whose name fits the group's pattern; for globs in no certain order. */
export function spansOf(run: Run, group: NameGroup): readonly number[] {
  switch (group.pattern.kind) {
    case 'exact':
      return run.spansByName.get(group.pattern.name)?.positions ?? none
    case 'glob':
      run.globs ??= gatherGlobs(run)
      return run.globs.get(group) ?? none
    case 'any':
      run.everySpan ??= Array.from(run.trace.spans, (_, position) => position)
      return run.everySpan
  }
}

function gatherGlobs(run: Run): ReadonlyMap<NameGroup, readonly number[]> {
  const gathered = new Map<NameGroup, number[]>()
  for (const { groups, positions } of run.spansByName.values()) {
    for (const group of groups) {
      if (group.pattern.kind !== 'glob') continue
      const before = gathered.get(group)
      if (before === undefined) gathered.set(group, [...positions])
      else for (const position of positions) before.push(position)
    }
  }
  return gathered
}

export function viewOf(run: Run, position: number): SpanView {
  run.views ??= new Array(run.trace.spans.length)
  const known = run.views[position]
  if (known !== undefined) return known
  const view: SpanView = { run, span: run.trace.spans[position] as Span, values: undefined }
  run.views[position] = view
  return view
}

/** How many spans the predicate takes; at most 1 where no rule needs more than that there is one. */
export function countSpans(run: Run, predicate: Predicate): number {
  const { group, test } = predicate
  const positions = spansOf(run, group)
  if (test === undefined || positions.length === 0) return positions.length
  if (predicate.uses === 1) return countPassing(run, predicate, positions)
  const known = run.counts.get(predicate)
  if (known !== undefined) return known
  const count = countPassing(run, predicate, positions)
  run.counts.set(predicate, count)
  return count
}

function countPassing(run: Run, { test, counted }: Predicate, positions: readonly number[]): number {
  let count = 0
  for (const position of positions) {
    if (test?.(viewOf(run, position)) !== true) continue
    if (!counted) return 1
    count++
  }
  return count
}

/** The value under a key: the span's, or where it has none its resource's. */
export function readAttribute({ attributes, resource }: Span, key: string): Value {
  return attributes.get(key) ?? resource.get(key)
}

/** The same, remembered for the rest of the run. */
export function readOnce(view: SpanView, key: string): Value {
  view.values ??= new Map()
  const known = view.values.get(key)
  if (known !== undefined) return known
  const value = readAttribute(view.span, key) ?? null
  view.values.set(key, value)
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
