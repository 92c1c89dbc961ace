import { constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { decompress } from '../../shared/otlp/decompress.ts'
import type { ContentEncoding } from '../../shared/otlp/http.ts'

const content = Buffer.from('spans, spans, spans, spans and spans')
const limit = content.length
const packed: readonly (readonly [ContentEncoding, Buffer])[] = [
  ['identity', content],
  ['gzip', gzipSync(content)],
  ['deflate', deflateSync(content)],
  ['zstd', zstdCompressSync(content)],
]
const compressed = packed.filter(([encoding]) => encoding !== 'identity')

test.each(packed)('%s is undone', (encoding, body) => {
  expect(Buffer.from(decompress(body, encoding, limit))).toEqual(content)
})

test.each(compressed)('%s one byte over the limit is too large', (encoding, body) => {
  expect(() => decompress(body, encoding, limit - 1)).toThrow(expect.objectContaining({ code: 'body-too-large' }))
})

test.each(compressed)('%s cut short is malformed', (encoding, body) => {
  for (let length = 1; length < body.length; length++) {
    const cut = () => decompress(body.subarray(0, length), encoding, limit)
    expect(cut).toThrow(expect.objectContaining({ code: 'malformed-compression' }))
  }
})

test.each(compressed)('%s with bytes after its end is malformed, not cut', (encoding, body) => {
  const longer = Buffer.concat([body, Buffer.from('more')])
  expect(() => decompress(longer, encoding, limit)).toThrow(expect.objectContaining({ code: 'malformed-compression' }))
})

test.each([['gzip', gzipSync] as const, ['zstd', zstdCompressSync] as const])(
  'several %s members are one body, under one limit',
  (encoding, compress) => {
    const body = Buffer.concat([compress(content), compress(content)])

    expect(decompress(body, encoding, 2 * limit)).toHaveLength(2 * limit)
    expect(() => decompress(body, encoding, 2 * limit - 1)).toThrow(expect.objectContaining({ code: 'body-too-large' }))
  },
)

test('256 zstd frames are read, 257 are refused', () => {
  const frame = zstdCompressSync('a')
  const frames = (count: number) => Buffer.concat(Array.from({ length: count }, () => frame))

  expect(decompress(frames(256), 'zstd', 1000)).toHaveLength(256)
  expect(() => decompress(frames(257), 'zstd', 1000)).toThrow(/more than 256 frames/)
})

test('a zstd window over 8 MB is refused, so that no sender chooses how much memory we take', () => {
  const params = { [constants.ZSTD_c_windowLog]: 24, [constants.ZSTD_c_contentSizeFlag]: 0 }
  const body = zstdCompressSync(Buffer.alloc(9 << 20, 1), { params })

  expect(() => decompress(body, 'zstd', 20 << 20)).toThrow(/too much memory/)
})

test('deflate without the zlib wrapper is malformed, with a hint', () => {
  const raw = () => decompress(deflateRawSync(content), 'deflate', limit)
  expect(raw).toThrow(expect.objectContaining({ code: 'malformed-compression', hint: expect.stringContaining('zlib') }))
})

test('a bomb takes no more memory than the limit', () => {
  const bomb = gzipSync(Buffer.alloc(64 << 20))
  const before = process.memoryUsage().arrayBuffers

  expect(() => decompress(bomb, 'gzip', 1 << 20)).toThrow(expect.objectContaining({ code: 'body-too-large' }))

  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20)
})

test('an empty body is empty in every encoding', () => {
  for (const [encoding] of packed) expect(decompress(new Uint8Array(0), encoding, limit)).toHaveLength(0)
})
