import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { inTurns } from '../../local/in-turns.ts'

const MIB = 1024 * 1024
const never = () => false

/** Work that waits until the test lets it end. */
function heldWork() {
  const held: (() => void)[] = []
  const begun: number[] = []
  const work = (item: number) => {
    begun.push(item)
    return new Promise<void>((resolve) => held.push(resolve))
  }
  return { held, begun, work }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}

describe('items in turns', () => {
  test('are all worked on, each once', async () => {
    const done: number[] = []
    const items = Array.from({ length: 1_000 }, (_, index) => index)
    await inTurns(
      items,
      () => 1_000,
      async (item) => {
        await turn()
        done.push(item)
      },
      never,
    )
    expect(done.toSorted((a, b) => a - b)).toEqual(items)
  })

  test('are 256 at a time, whatever their size, and the next begins as one ends', async () => {
    const { held, begun, work } = heldWork()
    const all = inTurns(
      Array.from({ length: 300 }, (_, index) => index),
      () => 0,
      work,
      never,
    )
    await turns(20)
    expect(begun).toHaveLength(256)
    held.shift()?.()
    await turns(20)
    expect(begun).toHaveLength(257)
    while (held.length > 0) {
      for (const end of held.splice(0)) end()
      await turns(20)
    }
    await all
    expect(begun).toHaveLength(300)
  })

  test('are no more bytes at a time than fit, but one alone may have more', async () => {
    const { held, begun, work } = heldWork()
    const sizes = [100 * MIB, 28 * MIB, 1 * MIB, 500 * MIB, 1]
    const all = inTurns([0, 1, 2, 3, 4], (item) => sizes[item] as number, work, never)
    const endAll = async () => {
      for (const end of held.splice(0)) end()
      await turns(20)
    }
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

  test('leave the process to others after so many bytes', async () => {
    const seen: number[] = []
    let begun = 0
    const watching = (async () => {
      while (begun < 64) {
        await turn()
        seen.push(begun)
      }
    })()
    await inTurns(
      Array.from({ length: 64 }),
      () => 32 * 1024,
      async () => void begun++,
      never,
    )
    await watching
    expect(seen.length).toBeGreaterThan(10)
  })

  test('are begun no more once they are to stop, and those begun are waited for', async () => {
    const { held, begun, work } = heldWork()
    let over = false
    const all = inTurns(
      [0, 1, 2, 3],
      () => 128 * 1024,
      work,
      () => begun.length === 2,
    ).then(() => {
      over = true
    })
    await turns(20)
    expect(begun).toEqual([0, 1])
    expect(over).toBe(false)
    for (const end of held) end()
    await all
    expect(over).toBe(true)
  })

  test('one that fails makes the whole fail', async () => {
    const failing = async (item: number) => {
      if (item === 1) throw new Error('no')
    }
    await expect(inTurns([0, 1, 2], () => 1, failing, never)).rejects.toThrow('no')
  })
})
