import fc from 'fast-check'
import { expect, test } from 'vitest'
import { askEarlier, askLater, type Precedence, somePrecedes, widestPair } from '../../shared/rules/order.ts'
import type { Span } from '../../shared/trace/span.ts'
import { traceOf } from '../reference/traces.ts'

interface Times {
  readonly start: number
  readonly duration: number
}

function spansOf(times: readonly Times[]): readonly Span[] {
  return traceOf(
    times.map(({ start, duration }) => ({
      name: 'x',
      startNanos: BigInt(start),
      durationNanos: BigInt(duration),
    })),
  ).spans
}

/** Nanoseconds from the one to the other, as the language says it. */
function gapOf(spans: readonly Span[], earlier: number, later: number, { from }: Precedence): bigint {
  const [a, b] = [spans[earlier] as Span, spans[later] as Span]
  const duration = a.endUnixNano - a.startUnixNano
  return b.startUnixNano - a.startUnixNano - (from === 'end' && duration > 0n ? duration : 0n)
}

function precedes(spans: readonly Span[], earlier: number, later: number, precedence: Precedence): boolean {
  const gap = gapOf(spans, earlier, later, precedence)
  if (earlier === later || gap < 0n || (precedence.from === 'start' && gap === 0n)) return false
  return precedence.withinNanos === undefined || gap <= precedence.withinNanos
}

const times = fc.array(fc.record({ start: fc.nat(12), duration: fc.integer({ min: -3, max: 6 }) }), {
  minLength: 1,
  maxLength: 9,
})
const set = fc.uniqueArray(fc.nat(8), { maxLength: 9 })
const anyPrecedence: fc.Arbitrary<Precedence> = fc.record({
  from: fc.constantFrom<Precedence['from']>('end', 'start'),
  withinNanos: fc.constantFrom(undefined, 0n, 1n, 3n),
})

test('what comes before what is found as by looking at every pair', () => {
  fc.assert(
    fc.property(times, set, set, anyPrecedence, (drawn, drawnA, drawnB, precedence) => {
      const spans = spansOf(drawn)
      const [a, b] = [drawnA, drawnB].map((positions) => positions.filter((position) => position < spans.length))
      if (a === undefined || b === undefined) return
      const pairs = a.flatMap((earlier) => b.map((later) => ({ earlier, later })))
      const inOrder = pairs.filter(({ earlier, later }) => precedes(spans, earlier, later, precedence))
      expect(somePrecedes(spans, a, b, precedence)).toBe(inOrder.length > 0)
      const earlierOf = askEarlier(spans, a, precedence)
      const laterOf = askLater(spans, b, precedence)
      for (const later of b) {
        const befores = inOrder.filter((pair) => pair.later === later).map(({ earlier }) => earlier)
        expect(befores.length === 0 ? [undefined] : befores).toContain(earlierOf(later))
      }
      for (const earlier of a) {
        const afters = inOrder.filter((pair) => pair.earlier === earlier).map(({ later }) => later)
        expect(afters.length === 0 ? [undefined] : afters).toContain(laterOf(earlier))
      }
      const gaps = pairs.filter(({ earlier, later }) => earlier !== later)
      const widest = widestPair(spans, a, b, precedence.from)
      const widestGap = gaps
        .map(({ earlier, later }) => gapOf(spans, earlier, later, precedence))
        .reduce<bigint | undefined>((most, gap) => (most === undefined || gap > most ? gap : most), undefined)
      expect(widest && gapOf(spans, widest.earlier, widest.later, precedence)).toBe(widestGap)
    }),
    { seed: 12, numRuns: 1500 },
  )
})

test('a span that takes no time is neither before nor after itself', () => {
  const spans = spansOf([{ start: 5, duration: 0 }])
  const precedence: Precedence = { from: 'end', withinNanos: undefined }
  expect(somePrecedes(spans, [0], [0], precedence)).toBe(false)
  expect(askEarlier(spans, [0], precedence)(0)).toBeUndefined()
  expect(askLater(spans, [0], precedence)(0)).toBeUndefined()
})

test('two spans that take no time and stand at one moment are each before the other', () => {
  const spans = spansOf([
    { start: 5, duration: 0 },
    { start: 5, duration: 0 },
  ])
  expect(somePrecedes(spans, [0], [1], { from: 'end', withinNanos: 0n })).toBe(true)
  expect(somePrecedes(spans, [1], [0], { from: 'end', withinNanos: 0n })).toBe(true)
  expect(somePrecedes(spans, [0], [1], { from: 'start', withinNanos: undefined })).toBe(false)
})

test('a span whose clock stepped back ended when it started', () => {
  const spans = spansOf([
    { start: 5, duration: 1 },
    { start: 7, duration: -6 },
  ])
  expect(somePrecedes(spans, [1], [0], { from: 'end', withinNanos: undefined })).toBe(false)
})
