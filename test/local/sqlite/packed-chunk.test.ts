import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { packForDisk, unpackFromDisk } from '../../../local/sqlite/packed-chunk.ts'
import { packChunk } from '../../../shared/pipeline/chunk-codec.ts'

const MAX_BYTES = 1_000_000
const CONTENT = Buffer.from('http.request.method=GET '.repeat(50))

describe('a chunk packed for the disk', () => {
  test('unpacks to the bytes that were packed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        expect(Buffer.from(unpackFromDisk(packForDisk(bytes), MAX_BYTES)).equals(Buffer.from(bytes))).toBe(true)
      }),
      { seed: 1, numRuns: 100 },
    )
  })

  test('is read beside those that an earlier release packed as for DynamoDB', () => {
    expect(Buffer.from(unpackFromDisk(packChunk(CONTENT), MAX_BYTES))).toEqual(CONTENT)
  })

  test('never gives other bytes: a turned bit or a missing end is refused as corrupt', () => {
    const packed = packForDisk(CONTENT)
    const taken: number[] = []
    for (let bit = 0; bit < 8 * packed.length; bit++) {
      const turned = packed.slice()
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      try {
        expect(Buffer.from(unpackFromDisk(turned, MAX_BYTES))).toEqual(CONTENT)
        taken.push(bit)
      } catch (error) {
        expect(error).toMatchObject({ code: 'corrupt' })
      }
    }
    // Two flags of the frame's header: one that no reader looks at, and the one that says a checksum follows.
    expect(taken).toEqual([5 * 8 + 2, 5 * 8 + 4])
    for (const length of [0, 1, 2, packed.length - 1]) {
      expect(() => unpackFromDisk(packed.subarray(0, length), MAX_BYTES)).toThrow(
        expect.objectContaining({ code: 'corrupt' }),
      )
    }
  })

  test('that would unpack past the limit is refused, at the limit it is read', () => {
    const packed = packForDisk(new Uint8Array(10_000))
    expect(unpackFromDisk(packed, 10_000)).toHaveLength(10_000)
    expect(() => unpackFromDisk(packed, 9_999)).toThrow(expect.objectContaining({ code: 'corrupt' }))
  })
})
