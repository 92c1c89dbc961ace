import { createHash } from 'node:crypto'
import { deflateRawSync, deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shopRequests } from '../../bench/traffic.ts'
import { chunkItems, type Item } from '../../shared/aws/buffer/buffer-items.ts'
import { splitByTrace } from '../../shared/otlp/split.ts'
import { newChunk } from '../../shared/pipeline/chunk.ts'
import { packChunk, unpackChunk } from '../../shared/pipeline/chunk-codec.ts'
import { KEYS_1, VALUES_1 } from '../../shared/pipeline/dictionary/version-1.ts'

import { encode } from '../otlp/otlp-proto.ts'

const MAX_BYTES = 1_000_000

/** A KeyValue as protobuf frames it, with a text value. */
function keyValue(key: string, value: string): readonly number[] {
  const text = [0x0a, value.length, ...Buffer.from(value)]
  const pair = [0x0a, key.length, ...Buffer.from(key), 0x12, text.length, ...text]
  return [0x0a, pair.length, ...pair]
}

const RESOURCE = Uint8Array.from([
  ...keyValue('service.name', 'checkout'),
  ...keyValue('telemetry.sdk.language', 'java'),
  ...keyValue('telemetry.sdk.name', 'opentelemetry'),
  ...keyValue('deployment.environment.name', 'production'),
  ...keyValue('http.request.method', 'GET'),
  ...keyValue('http.route', '/cart/{id}'),
  ...keyValue('network.protocol.version', '1.1'),
])

describe('a packed chunk', () => {
  test('unpacks to the bytes that were packed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        expect(Buffer.from(unpackChunk(packChunk(bytes), MAX_BYTES)).equals(Buffer.from(bytes))).toBe(true)
      }),
      { seed: 1, numRuns: 100 },
    )
  })

  test('spells OpenTelemetry attributes in less than half of what plain deflate takes', () => {
    expect(packChunk(RESOURCE).length * 2).toBeLessThan(deflateSync(RESOURCE).length)
  })

  test('starts with its version, and one of another version is refused with what to do', () => {
    const packed = packChunk(RESOURCE)
    expect(packed[0]).toBe(1)
    packed[0] = 2
    expect(() => unpackChunk(packed, MAX_BYTES)).toThrow(
      expect.objectContaining({ code: 'corrupt', hint: expect.stringContaining('upgrade') }),
    )
  })

  test('is refused as corrupt when a bit is turned, when it is cut short, or when it was packed with another list', () => {
    const packed = packChunk(RESOURCE)
    const turned = packed.slice()
    turned[turned.length - 5] = (turned[turned.length - 5] ?? 0) ^ 1
    const other = Buffer.concat([Buffer.of(1), deflateSync(RESOURCE, { dictionary: Buffer.from('another list') })])
    const raw = Buffer.concat([Buffer.of(1), deflateRawSync(RESOURCE)])
    for (const bad of [turned, packed.subarray(0, -1), other, raw, new Uint8Array()]) {
      expect(() => unpackChunk(bad, MAX_BYTES)).toThrow(expect.objectContaining({ code: 'corrupt' }))
    }
  })

  test('that would inflate past the limit is refused, at the limit it is read', () => {
    const packed = packChunk(new Uint8Array(10_000))
    expect(unpackChunk(packed, 10_000)).toHaveLength(10_000)
    expect(() => unpackChunk(packed, 9_999)).toThrow(expect.objectContaining({ code: 'corrupt' }))
  })
})

/** Kilobytes, rounded up, as DynamoDB bills a write: names and values of all attributes. */
function writeUnits(item: Item): number {
  const bytes = Object.entries(item).reduce((sum, [name, { S = '', B = new Uint8Array(), N = '' }]) => {
    return sum + name.length + Buffer.byteLength(S) + B.length + Math.ceil(N.length / 2) + 1
  }, 0)
  return Math.ceil(bytes / 1024)
}

test('what services send of a trace takes 1.2 write units a chunk at most', () => {
  for (const spansOfATrace of [8, 20, 32]) {
    const traffic = { traces: 50, spansOfATrace, services: 8, spansOfARequest: 100, sender: 'services' } as const
    const chunks = shopRequests(traffic).flatMap((each) => splitByTrace(encode('TracesData', each)).chunks)
    const items = chunks.flatMap(({ traceId, bytes, spanCount }) => {
      const { head, parts } = chunkItems(newChunk(traceId, 1_764_000_000_000, bytes, spanCount))
      return [head, ...parts]
    })
    expect(chunks.length).toBeGreaterThan(300)
    expect(items.map(writeUnits).reduce((sum, units) => sum + units) / chunks.length).toBeLessThanOrEqual(1.2)
  }
})

test('the word list that shipped as version 1 never changes', () => {
  const digest = createHash('sha256').update(`${VALUES_1}\n${KEYS_1}`).digest('hex')
  expect(digest).toBe('60fd0236d0d9fef7f6d745a3b97fb5216af2bca3926553535a21b6ac30be040f')
})
