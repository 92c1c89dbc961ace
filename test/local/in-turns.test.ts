import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { inTurns } from '../../local/in-turns.ts'

const MIB = 1024 * 1024

/** Work that waits until the test lets it end. */
function heldWork() {
  const held: (() => void)[] = []
  const begun: number[] = []
  const work = (item: number) => {
    begun.push(item)
    return new Promise<void>((resolve) => held.push(resolve))
  }
  const endAll = async () => {
    for (const end of held.splice(0)) end()
    await turns(20)
  }
  return { held, begun, work, endAll }
}

/** Gives these items, some at a time, and then none. */
function portions<Item>(...given: readonly (readonly Item[])[]) {
  const left = [...given]
  return async () => left.shift()
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}

describe('items in turns', () => {
  test('are all worked on, each once', async () => {
    const done: number[] = []
    const more = portions(numbers(700), [], [700, 701])
    const size = () => 1_000
    await inTurns(more, size, async (item) => {
      await turn()
      done.push(item)
    })
    expect(done.toSorted((a, b) => a - b)).toEqual(numbers(702))
  })

  test('are 256 at a time, whatever their size, and the next begins as one ends', async () => {
    const { held, begun, work, endAll } = heldWork()
    const all = inTurns(portions(numbers(200), numbers(100)), () => 0, work)
    await turns(20)
    expect(begun).toHaveLength(256)
    held.shift()?.()
    await turns(20)
    expect(begun).toHaveLength(257)
    while (held.length > 0) await endAll()
    await all
    expect(begun).toHaveLength(300)
  })

  test('are no more bytes at a time than fit, but one alone may have more', async () => {
    const { begun, work, endAll } = heldWork()
    const sizes = [6 * MIB, 2 * MIB, 1 * MIB, 500 * MIB, 1]
    const all = inTurns(portions(numbers(5)), (item) => sizes[item] as number, work)
    await turns(20)
    expect(begun).toEqual([0, 1])
    await endAll()
    expect(begun).toEqual([0, 1, 2])
    await endAll()
    expect(begun).toEqual([0, 1, 2, 3])
    await endAll()
    expect(begun).toEqual([0, 1, 2, 3, 4])
    await endAll()
    await all
  })

  test('leave the process to others after a number of bytes', async () => {
    const seen: number[] = []
    let begun = 0
    const watching = (async () => {
      while (begun < 64) {
        await turn()
        seen.push(begun)
      }
    })()
    const size = () => 32 * 1024
    await inTurns(portions(numbers(64)), size, async () => void begun++)
    await watching
    expect(seen.length).toBeGreaterThan(10)
  })

  test('are asked for again as soon as the last is begun, and where there were none, once one has ended', async () => {
    const { held, begun, work } = heldWork()
    const given: (readonly number[] | undefined)[] = [[0, 1], [2], undefined, [3], undefined, undefined]
    let asked = 0
    const more = async () => given[asked++]
    const all = inTurns(more, () => 0, work)
    await turns(20)
    expect([begun, asked]).toEqual([[0, 1, 2], 3])
    held.shift()?.()
    await turns(20)
    expect([begun, asked]).toEqual([[0, 1, 2, 3], 5])
    for (const end of held.splice(0)) end()
    await all
  })

  test('end once there are none and those begun are done', async () => {
    const { begun, work, endAll } = heldWork()
    let over = false
    const all = inTurns(portions([0, 1]), () => 0, work).then(() => {
      over = true
    })
    await turns(20)
    expect([begun, over]).toEqual([[0, 1], false])
    await endAll()
    await all
    expect(over).toBe(true)
  })

  test('one that fails makes the whole fail once those begun are done, and no more are asked for', async () => {
    const given: (readonly number[] | undefined)[] = [[0, 1, 2], undefined, [3]]
    const done: number[] = []
    const failing = async (item: number) => {
      await turns(item)
      if (item === 1) throw new Error('no')
      done.push(item)
    }
    const more = async () => given.shift()
    await expect(inTurns(more, () => 1, failing)).rejects.toThrow('no')
    expect([given, done]).toEqual([[[3]], [0, 2]])
  })

  test('fail where they cannot be had, once those begun are done', async () => {
    const { begun, work, endAll } = heldWork()
    let asked = 0
    const more = async () => {
      if (asked++ > 0) throw new Error('no more')
      return [0]
    }
    const all = inTurns(more, () => 1, work)
    all.catch(() => {})
    await turns(20)
    expect(begun).toEqual([0])
    await endAll()
    await expect(all).rejects.toThrow('no more')
  })
})
