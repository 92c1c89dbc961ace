import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FairOrder } from '../../../local/fairness/fair-order.ts'

const QUANTUM = 10

interface Piece {
  readonly flow: number
  readonly cost: number
}

/** What each flow has queued; taken a few pieces at a time. */
function taking() {
  const order = new FairOrder(QUANTUM)
  const queued = new Map<number, Piece[]>()
  return {
    order,
    add(flow: number, ...costs: readonly number[]) {
      queued.set(flow, [...(queued.get(flow) ?? []), ...costs.map((cost) => ({ flow, cost }))])
    },
    take(count: number): readonly number[] {
      const taken: number[] = []
      const withWork = [...queued].filter(([, pieces]) => pieces.length > 0)
      const queues = new Map(withWork.map(([flow, pieces]) => [flow, shifting(pieces)]))
      for (const { flow } of order.take(queues, ({ cost }) => cost)) {
        taken.push(flow)
        if (taken.length === count) break
      }
      return taken
    },
  }
}

function* shifting(pieces: Piece[]): Generator<Piece> {
  for (let next = pieces.shift(); next !== undefined; next = pieces.shift()) yield next
}

const many = (count: number, cost: number) => Array<number>(count).fill(cost)

describe('flows with work', () => {
  test('take turns, the one that came first first', () => {
    const { add, take } = taking()
    add(4, ...many(3, 1))
    add(2, ...many(1, 1))
    add(6, ...many(2, 1))
    expect(take(9)).toEqual([4, 2, 6, 4, 6, 4])
  })

  test('go on where they were when pieces were last taken', () => {
    const { add, take } = taking()
    for (const flow of [2, 4, 6]) add(flow, ...many(3, 1))
    expect([take(1), take(1), take(2), take(1)]).toEqual([[2], [4], [6, 2], [4]])
  })

  test('sit out a round for each quantum that a piece has cost, also where they had no work meanwhile', () => {
    const { add, take } = taking()
    add(2, 45)
    add(4, ...many(20, 1))
    expect(take(3)).toEqual([2, 4, 4])
    add(2, 1, 1)
    expect(take(6)).toEqual([4, 4, 4, 2, 4, 2])
  })

  test('get nothing for the time in which they had none', () => {
    const { add, take } = taking()
    add(2, 1)
    add(4, ...many(1_000, 1))
    expect(take(900)).toHaveLength(900)
    add(2, ...many(10, 1))
    expect(take(6)).toEqual([4, 2, 4, 2, 4, 2])
  })

  test('are not held up by ever new ones', () => {
    const { add, take } = taking()
    add(2, ...many(10, 1))
    const taken: number[] = []
    for (let flow = 4; flow < 400; flow += 2) {
      add(flow, 1)
      add(flow + 1_000, 1)
      taken.push(...take(1))
    }
    expect(taken.filter((flow) => flow === 2).length).toBeGreaterThan(3)
  })

  test('are not remembered once they have none and owe nothing', () => {
    const { order, add, take } = taking()
    for (let flow = 2; flow < 2_000; flow += 2) {
      add(flow, 1)
      take(1)
    }
    expect(Reflect.get(order, 'places').size).toBeLessThan(10)
  })
})

/** Another queues pieces, or a number of pieces is taken. */
const event = fc.oneof(
  fc.record({
    flow: fc.integer({ min: 2, max: 9 }),
    costs: fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 50 }),
  }),
  fc.record({ take: fc.integer({ min: 1, max: 20 }) }),
)

test('each other sender goes at most once before the next piece of a small sender, whatever they queue', () => {
  const own = fc.record({ flow: fc.integer({ min: 1, max: 10 }), cost: fc.integer({ min: 0, max: QUANTUM }) })
  fc.assert(
    fc.property(own, fc.array(event, { maxLength: 200 }), fc.boolean(), ({ flow: ours, cost }, events, hasMore) => {
      const { add, take } = taking()
      let waiting = 0
      let since: number[] = []
      for (const happens of events) {
        if ('flow' in happens && happens.flow !== ours) add(happens.flow, ...happens.costs)
        if (!('take' in happens)) continue
        if (waiting === 0 || hasMore) {
          add(ours, cost)
          waiting++
        }
        for (const flow of take(happens.take)) {
          if (waiting > 0 && flow !== ours) since.push(flow)
          expect(new Set(since).size).toBe(since.length)
          if (flow !== ours) continue
          waiting--
          since = []
        }
      }
    }),
    { numRuns: 500 },
  )
})
