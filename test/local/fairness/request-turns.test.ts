import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { newLane, RequestTurns } from '../../../local/fairness/request-turns.ts'

const MIB = 1024 * 1024

/** Turns whose time is moved by the work, and ended by the test. */
function turns() {
  const time = { nowMs: 0 }
  const deferred: (() => void)[] = []
  const made = new RequestTurns(
    () => time.nowMs,
    (work) => void deferred.push(work),
  )
  const begun: string[] = []
  return {
    begun,
    made,
    begin: (lane: ReturnType<typeof newLane>, name: string, tookMs: number) =>
      made.run(lane, async () => {
        begun.push(name)
        time.nowMs += tookMs
      }),
    next() {
      for (const work of deferred.splice(0)) work()
      return begun.splice(0).join(' ')
    },
  }
}

describe('requests', () => {
  test('begin at once where nobody waits', () => {
    const { begin, begun } = turns()
    const lane = newLane()
    for (const name of ['a', 'b', 'c']) void begin(lane, name, 1)
    expect(begun).toEqual(['a', 'b', 'c'])
  })

  test('begin one lane after another once the time of a turn is up', () => {
    const { begin, next } = turns()
    const [flooding, small, other] = [newLane(), newLane(), newLane()]
    for (const name of ['f1', 'f2', 'f3', 'f4']) void begin(flooding, name, 200)
    void begin(small, 's1', 1)
    void begin(small, 's2', 1)
    void begin(other, 'o1', 200)
    expect([next(), next(), next(), next(), next()]).toEqual(['f1 f2', 's1 o1', 'f3', 's2 f4', ''])
  })

  test('of a lane that holds too much wait until it holds less, those of others do not', () => {
    const { begin, next, made } = turns()
    const [flooding, small] = [newLane(), newLane()]
    made.hold(flooding, 8 * MIB)
    void begin(flooding, 'f1', 0)
    void begin(small, 's1', 0)
    expect(next()).toBe('s1')
    made.hold(flooding, -1)
    expect(next()).toBe('f1')
  })

  test('of all lanes wait while all of them hold too much', () => {
    const { begin, next, made } = turns()
    const lanes = Array.from({ length: 40 }, newLane)
    for (const lane of lanes) made.hold(lane, 7 * MIB)
    void begin(newLane(), 'late', 0)
    expect(next()).toBe('')
    for (const lane of lanes.slice(0, 4)) made.hold(lane, -7 * MIB)
    expect(next()).toBe('late')
  })

  test('that fail tell only their own caller', async () => {
    const made = new RequestTurns()
    const lane = newLane()
    const failing = made.run(lane, async () => {
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await made.run(lane, async () => 'well')).toBe('well')
    await turn()
  })
})
