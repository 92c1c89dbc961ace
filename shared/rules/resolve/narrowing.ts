import type { SourceRange } from '../../errors.ts'
import type { EventSelector, Filter, NamePattern, Selector } from '../ast.ts'
import { nearest } from '../read/suggest.ts'
import { checkBracket, reportMissing } from './bracket.ts'
import { resolveFilter } from './filter.ts'
import { reportThousands } from './habits.ts'
import { decodeText } from './literal.ts'
import { type Reading, report } from './reading.ts'
import type { MethodNode, TextRange, Token } from './syntax.ts'
import { resolveSpanName } from './word.ts'

/** What follows spans: filters of the span, then events with filters of their own. */
export type Narrowing = Pick<Selector, 'filters' | 'events'>

/** The same spans, fewer of them. */
export function narrowed(selector: Selector, { filters, events = [] }: Narrowing, range: SourceRange): Selector {
  const both = selector.events === undefined ? events : [...selector.events, ...events]
  const all = selector.filters.length === 0 ? filters : [...selector.filters, ...filters]
  const { kind, name } = selector
  return both.length > 0 ? { kind, name, filters: all, events: both, range } : { kind, name, filters: all, range }
}

/** `.where(…).where(…).event(…).where(…)`; those that could not be read are reported and left out. */
export function resolveNarrowing(reading: Reading, methods: readonly MethodNode[]): Narrowing {
  const start = methods.findIndex(({ name }) => name.text === 'event')
  if (start < 0) return { filters: resolveFilters(reading, methods) }
  const filters = resolveFilters(reading, methods.slice(0, start))
  const events = eventGroups(methods.slice(start)).map((group) => resolveEvent(reading, group))
  return { filters, events: events.filter((event) => event !== undefined) }
}

/** Each `.event(…)` with the methods up to the next one. */
function eventGroups(methods: readonly MethodNode[]): readonly (readonly [MethodNode, ...MethodNode[]])[] {
  const groups: [MethodNode, ...MethodNode[]][] = []
  for (const method of methods) {
    const last = groups.at(-1)
    if (method.name.text === 'event' || last === undefined) groups.push([method])
    else last.push(method)
  }
  return groups
}

function resolveEvent(
  reading: Reading,
  [event, ...methods]: readonly [MethodNode, ...MethodNode[]],
): EventSelector | undefined {
  const filters = resolveFilters(reading, methods)
  const name = resolveEventName(reading, event)
  const end = methods.at(-1)?.end ?? event.end
  return name && { kind: 'event', name, filters, range: reading.rangeOf({ start: event.name.start, end }) }
}

function resolveEventName(reading: Reading, { name, arguments: taken }: MethodNode): NamePattern | undefined {
  const hint = 'write .event(exception)'
  if (taken === null)
    return report(reading, name, 'missing-bracket', '.event needs the name of an event in brackets', hint)
  checkBracket(reading, taken, 'in .event(…)')
  const [first, second] = taken.items
  if (first === undefined) return undefined
  if (second !== undefined) return report(reading, second, 'unexpected-text', '.event(…) takes one event name', hint)
  if (first.kind === 'missing' && taken.extra !== null) return undefined
  if (first.kind === 'missing') return report(reading, name, 'missing-value', '.event(…) names no event', hint)
  if (first.kind === 'text') return { kind: 'exact', name: decodeText(first.raw), range: reading.rangeOf(first) }
  if (first.kind === 'word' || first.kind === 'spanName') return resolveSpanName(reading, first)
  return report(reading, first, 'not-a-value', '.event(…) takes one event name', `${hint}, and filter with .where(…)`)
}

/** The filters of `.where(…).where(…)`; those that could not be read are reported and left out. */
export function resolveFilters(reading: Reading, methods: readonly MethodNode[]): readonly Filter[] {
  return methods.map((method) => resolveMethod(reading, method)).filter((filter) => filter !== undefined)
}

function resolveMethod(reading: Reading, method: MethodNode): Filter | undefined {
  const { name, arguments: taken } = method
  if (name.text === 'event') {
    const hint = 'write has(x.event(e)) for one span, or compare the counts of both'
    return report(reading, name, 'unknown-method', 'trace.all(…) says what each span satisfies by .where(…)', hint)
  }
  if (name.text === 'by') {
    const hint = 'write trace.count(…).by(…) and compare it'
    return report(reading, name, 'unknown-method', '.by(…) groups what is counted or summed', hint)
  }
  if (name.text !== 'where') return reportUnknownMethod(reading, name)
  if (taken === null) return reportBareWhere(reading, name)
  const [first, second] = taken.items
  checkBracket(reading, taken, 'in .where(…)')
  if (first === undefined) return undefined
  if (second !== undefined && reportThousands(reading, second.start - 1)) return undefined
  if (second !== undefined) {
    return report(
      reading,
      second,
      'unexpected-text',
      '.where(…) takes one condition',
      'write "and" or "or" between conditions',
    )
  }
  if (first.kind === 'missing' && taken.extra !== null) return undefined
  if (first.kind === 'missing' && taken.close !== null)
    return reportMissing(reading, taken, 'the condition of .where(…)')
  return resolveFilter(reading, first)
}

export function reportBareWhere(reading: Reading, at: TextRange): undefined {
  return report(reading, at, 'missing-bracket', '.where needs its condition in brackets', 'write .where(amount > 1000)')
}

function reportUnknownMethod(reading: Reading, name: Token): undefined {
  if (name.text === 'as')
    return report(reading, name, 'misplaced-binding', '"as" is a word of its own', 'write it without a point: x as y')
  const meant = nearest(name.text, ['where', 'by', 'event'])
  const hint = FUNCTIONS.has(name.text)
    ? `write trace.${name.text}(…) without anything before it`
    : meant === undefined
      ? 'filter spans with .where(…)'
      : `did you mean .${meant}(…)?`
  return report(reading, name, 'unknown-method', `".${name.text}(…)" is unknown`, hint)
}

const FUNCTIONS = new Set(['has', 'count', 'all'])
