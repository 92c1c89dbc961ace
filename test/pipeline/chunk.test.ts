import { describe, expect, test } from 'vitest'
import { arrivalMs, newChunk } from '../../shared/pipeline/chunk.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('chunk keys', () => {
  test('sort by arrival, whatever the content', () => {
    const keys = [9, 10, 1_700_000_000_000].map((ms) => newChunk('t', ms, bytes(`x${ms}`), 1).key)
    expect([...keys].sort()).toEqual(keys)
  })

  test('carry their arrival in milliseconds', () => {
    expect(arrivalMs(newChunk('t', 1_700_000_000_123, bytes('x'), 1).key)).toBe(1_700_000_000_123)
  })

  test('differ for different bytes of the same millisecond and agree for equal ones', () => {
    const key = (text: string) => newChunk('t', 5, bytes(text), 1).key
    expect(key('a')).not.toBe(key('b'))
    expect(key('a')).toBe(key('a'))
  })
})
