import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Run } from '../../../shared/rules/compile/plan.ts'
import type { Precedence } from '../../../shared/rules/judge/moments.ts'
import { askEarlier, askLater, precedes, somePrecedes, widestPair } from '../../../shared/rules/judge/order.ts'
import { newRun } from '../../../shared/rules/judge/run.ts'
import { traceOf } from '../../reference/traces.ts'

/** Nanoseconds after a whole millisecond. */
interface Times {
  readonly start: number
  readonly duration: number
  readonly parent?: number
}

function runOf(times: readonly Times[]): Run {
  const sketches = times.map(({ start, duration, parent }, index) => ({
    name: 'x',
    id: index + 1,
    startNanos: BigInt(start),
    durationNanos: BigInt(duration),
    ...(parent !== undefined && { parent }),
  }))
  return newRun(traceOf(sketches), new Map())
}

/** Nanoseconds from the one to the other, as the clocks tell it. */
function gapOf({ trace: { spans } }: Run, earlier: number, later: number, { from }: Precedence): bigint {
  const [a, b] = [spans[earlier], spans[later]]
  if (a === undefined || b === undefined) throw new Error('no such span')
  const duration = a.endUnixNano - a.startUnixNano
  return b.startUnixNano - a.startUnixNano - (from === 'end' && duration > 0n ? duration : 0n)
}

const nanos = fc.oneof(
  fc.nat(12),
  fc.constantFrom(0, 1, 2, 3).map((each) => each * 1_000_000),
)
const spread = fc.tuple(nanos, nanos).map(([one, other]) => one + other)
const times = fc.array(
  fc.record(
    { start: spread, duration: fc.oneof(spread, fc.constantFrom(-3, 999_990)), parent: fc.integer({ min: 1, max: 9 }) },
    { requiredKeys: ['start', 'duration'] },
  ),
  { minLength: 1, maxLength: 9 },
)
const set = fc.uniqueArray(fc.nat(8), { maxLength: 9 })
const anyPrecedence: fc.Arbitrary<Precedence> = fc.record({
  from: fc.constantFrom<Precedence['from']>('end', 'start'),
  withinNanos: fc.constantFrom(undefined, 0n, 1n, 3n, 999_999n, 1_000_000n, 1_000_001n),
})

test('the order found is the same as by looking at every pair', () => {
  fc.assert(
    fc.property(times, set, set, anyPrecedence, (drawn, drawnA, drawnB, precedence) => {
      const run = runOf(drawn)
      const { spans } = run.trace
      const [a, b] = [drawnA, drawnB].map((positions) => positions.filter((position) => position < spans.length))
      if (a === undefined || b === undefined) return
      const pairs = a.flatMap((earlier) => b.map((later) => ({ earlier, later })))
      const inOrder = pairs.filter(
        ({ earlier, later }) => earlier !== later && precedes(run, earlier, later, precedence),
      )
      expect(somePrecedes(run, a, b, precedence)).toBe(inOrder.length > 0)
      const earlierOf = askEarlier(run, a, precedence)
      const laterOf = askLater(run, b, precedence)
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
        .map(({ earlier, later }) => gapOf(run, earlier, later, precedence))
        .reduce<bigint | undefined>((most, gap) => (most === undefined || gap > most ? gap : most), undefined)
      expect(widest && gapOf(run, widest.earlier, widest.later, precedence)).toBe(widestGap)
    }),
    { seed: 12, numRuns: 1500 },
  )
})

test('a span that takes no time is neither before nor after itself', () => {
  const run = runOf([{ start: 5, duration: 0 }])
  const precedence: Precedence = { from: 'end', withinNanos: undefined }
  expect(somePrecedes(run, [0], [0], precedence)).toBe(false)
  expect(askEarlier(run, [0], precedence)(0)).toBeUndefined()
  expect(askLater(run, [0], precedence)(0)).toBeUndefined()
})

test('two spans that take no time and stand at one moment are each before the other', () => {
  const run = runOf([
    { start: 5, duration: 0 },
    { start: 5, duration: 0 },
  ])
  expect(somePrecedes(run, [0], [1], { from: 'end', withinNanos: 0n })).toBe(true)
  expect(somePrecedes(run, [1], [0], { from: 'end', withinNanos: 0n })).toBe(true)
  expect(somePrecedes(run, [0], [1], { from: 'start', withinNanos: undefined })).toBe(false)
})

test('a span whose clock stepped back ended when it started', () => {
  const run = runOf([
    { start: 5, duration: 1 },
    { start: 7, duration: -6 },
  ])
  expect(somePrecedes(run, [1], [0], { from: 'end', withinNanos: undefined })).toBe(false)
})
