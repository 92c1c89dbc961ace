import fc from 'fast-check'
import { expect, test } from 'vitest'
import { askAbove, askBelow } from '../../../shared/rules/judge/ancestors.ts'
import { lineageOf } from '../../../shared/rules/judge/lineage.ts'
import type { Span } from '../../../shared/trace/span.ts'
import { traceOf } from '../../reference/traces.ts'

interface Line {
  readonly id: number
  readonly parent?: number | undefined
}

/** Spans in the order given. */
function spansOf(lines: readonly Line[]): readonly Span[] {
  return traceOf(lines.map(({ id, parent }) => ({ name: 'x', id, ...(parent !== undefined && { parent }) }))).spans
}

/** The ids above a span, by following every parent there is. */
function idsAbove(spans: readonly Span[], span: Span): ReadonlySet<string> {
  const above = new Set<string>()
  const open = [span]
  while (open.length > 0) {
    const { parentSpanId } = open.pop() as Span
    if (above.has(parentSpanId)) continue
    above.add(parentSpanId)
    open.push(...spans.filter(({ spanId }) => spanId === parentSpanId))
  }
  return above
}

function isUnder(spans: readonly Span[], below: number, above: number, directly: boolean): boolean {
  const [a, b] = [spans[below] as Span, spans[above] as Span]
  if (a.spanId === b.spanId) return false
  return directly ? a.parentSpanId === b.spanId : idsAbove(spans, a).has(b.spanId)
}

const lines: fc.Arbitrary<readonly Line[]> = fc
  .tuple(fc.boolean(), fc.array(fc.tuple(fc.nat(8), fc.nat(10)), { minLength: 1, maxLength: 14 }))
  .map(([isForest, pairs]) => {
    const parents = new Map(pairs.map(([id, parent]) => [id, parent]))
    return pairs.map(([id, parent]) => {
      const chosen = (isForest ? parents.get(id) : parent) as number
      return chosen > 8 ? { id: id + 1 } : { id: id + 1, parent: chosen + 1 }
    })
  })

test('ancestors are found in forests, cycles and spans that share an id', () => {
  const sets = fc.array(fc.nat(13), { maxLength: 14 })
  fc.assert(
    fc.property(lines, sets, fc.boolean(), (drawn, drawnSet, directly) => {
      const spans = spansOf(drawn)
      const set = [...new Set(drawnSet)].filter((position) => position < spans.length)
      const lineage = lineageOf(spans)
      const above = askAbove(lineage, set, directly)
      const below = askBelow(lineage, set, directly)
      for (let position = 0; position < spans.length; position++) {
        const aboves = set.filter((other) => isUnder(spans, position, other, directly))
        const belows = set.filter((other) => isUnder(spans, other, position, directly))
        expect(aboves.length === 0 ? [undefined] : aboves).toContain(above(position))
        expect(belows.length === 0 ? [undefined] : belows).toContain(below(position))
      }
    }),
    { seed: 11, numRuns: 1500 },
  )
})

const halves: readonly Line[] = [{ id: 1 }, { id: 2, parent: 1 }, { id: 2, parent: 1 }, { id: 3, parent: 2 }]

test('a child of an id that two halves share is under both, the halves are not under each other', () => {
  const lineage = lineageOf(spansOf(halves))
  for (const half of [1, 2]) {
    expect(askAbove(lineage, [half], true)(3)).toBe(half)
    expect(askAbove(lineage, [half], false)(3)).toBe(half)
    expect(askAbove(lineage, [1, 2], false)(half)).toBeUndefined()
    expect(askBelow(lineage, [1, 2], false)(half)).toBeUndefined()
  }
})

test('a span that is its own parent is under nothing', () => {
  const lineage = lineageOf(spansOf([{ id: 1, parent: 1 }]))
  for (const directly of [true, false]) {
    expect(askAbove(lineage, [0], directly)(0)).toBeUndefined()
    expect(askBelow(lineage, [0], directly)(0)).toBeUndefined()
  }
})

test('a chain and a cycle of 10,000 spans end', () => {
  const chain = Array.from({ length: 10_000 }, (_, i) => (i === 0 ? { id: 1 } : { id: i + 1, parent: i }))
  const cycle = [{ id: 1, parent: 10_000 }, ...chain.slice(1)]
  expect(askAbove(lineageOf(spansOf(chain)), [0], false)(9_999)).toBe(0)
  expect(askAbove(lineageOf(spansOf(chain)), [9_999], false)(0)).toBeUndefined()
  expect(askAbove(lineageOf(spansOf(cycle)), [9_999], false)(0)).toBe(9_999)
  expect(askBelow(lineageOf(spansOf(cycle)), [0], false)(9_999)).toBe(0)
})

test('one id that 10,000 spans with different parents share is taken up in time linear in them', () => {
  const spans = spansOf([
    ...Array.from({ length: 10_000 }, (_, i) => ({ id: i + 2 })),
    ...Array.from({ length: 10_000 }, (_, i) => ({ id: 1, parent: i + 2 })),
    { id: 20_000, parent: 1 },
  ])
  const lineage = lineageOf(spans)
  expect(askAbove(lineage, [5_000], false)(20_000)).toBe(5_000)
  expect(askBelow(lineage, [20_000], false)(9_999)).toBe(20_000)
})

test('a half that names the id it shares as its parent is under what the other half is under', () => {
  const lineage = lineageOf(spansOf([{ id: 1 }, { id: 2, parent: 1 }, { id: 2, parent: 2 }]))
  expect(askAbove(lineage, [0], false)(2)).toBe(0)
  expect(askAbove(lineage, [1], true)(2)).toBeUndefined()
})
