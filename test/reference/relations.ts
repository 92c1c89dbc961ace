/** How two spans of the reference interpreter stand to each other, found by looking at all spans of the trace. */
import type { Order, Structure } from '../../shared/rules/ast.ts'
import type { Span, Trace } from '../../shared/trace/span.ts'

export function isRelated(relation: Order | Structure, left: Span, right: Span, trace: Trace): boolean {
  switch (relation.relation) {
    case 'before':
      return isBefore(left, right, relation.within)
    case 'after':
      return isBefore(right, left, relation.within)
    case 'starts before':
      return startsBefore(left, right, relation.within, trace)
    case 'starts after':
      return startsBefore(right, left, relation.within, trace)
    case 'directly under':
      return parents(left, trace).includes(right)
    case 'under':
      return ancestors(left, trace).includes(right)
  }
}

function isBefore(first: Span, second: Span, within: number | undefined): boolean {
  const gap = between(endOf(first), second.startUnixNano)
  return first !== second && gap >= 0n && isWithin(gap, within)
}

function startsBefore(first: Span, second: Span, within: number | undefined, trace: Trace): boolean {
  const [one, other] = [first.startUnixNano, second.startUnixNano]
  const gap = between(one, other)
  if (gap === 0n) return (isMillis(one) || isMillis(other)) && ancestors(second, trace).includes(first)
  return gap > 0n && isWithin(gap, within)
}

const MILLI = 1_000_000n

function isMillis(time: bigint): boolean {
  return time % MILLI === 0n
}

/** Nanoseconds; whole milliseconds where one of the two times is no finer. */
function between(first: bigint, second: bigint): bigint {
  return isMillis(first) || isMillis(second) ? (second / MILLI - first / MILLI) * MILLI : second - first
}

function isWithin(gap: bigint, within: number | undefined): boolean {
  return within === undefined || gap <= within
}

/** A span whose clock was set back takes no time. */
function endOf({ startUnixNano, endUnixNano }: Span): bigint {
  return endUnixNano < startUnixNano ? startUnixNano : endUnixNano
}

/** The spans of the parent's id: two where they are the halves of one call; one of them may name the id they share. */
function named({ parentSpanId }: Span, { spans }: Trace): readonly Span[] {
  return spans.filter((other) => parentSpanId !== '' && other.spanId === parentSpanId)
}

/** The halves of a call are no kin. */
function parents(span: Span, trace: Trace): readonly Span[] {
  return named(span, trace).filter((other) => other.spanId !== span.spanId)
}

function ancestors(span: Span, trace: Trace): readonly Span[] {
  const found = new Set<Span>()
  const open = [...named(span, trace)]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue
    found.add(next)
    open.push(...named(next, trace))
  }
  return [...found].filter((other) => other.spanId !== span.spanId)
}
