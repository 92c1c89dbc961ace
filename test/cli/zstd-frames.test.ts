import { constants, createZstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { cutAtFrames } from '../../cli/zstd-frames.ts'

const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } }
const noise = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (Math.imul(i, 2_654_435_761) >>> 13) & 0xff))

/** Frames of every kind of header, with raw, run-length and compressed blocks, one and many of them. */
const FRAMES: Readonly<Record<string, Buffer>> = {
  'of nothing': zstdCompressSync(Buffer.alloc(0)),
  'of a few bytes': zstdCompressSync('a few bytes'),
  'with a checksum': zstdCompressSync('a few bytes', checksum),
  'of over 256 bytes': zstdCompressSync(Buffer.from('line of text\n'.repeat(40))),
  'of over 64 KiB of one byte': zstdCompressSync(Buffer.alloc(200_000, 'a')),
  'of noise in several blocks': zstdCompressSync(noise, checksum),
  'to be skipped': Buffer.from([0x57, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5]),
}

async function cut(bytes: Buffer, chunkBytes: number): Promise<readonly Buffer[]> {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
  }
  const pieces: Buffer[] = []
  for await (const piece of cutAtFrames(chunks())) pieces.push(Buffer.from(piece))
  return pieces
}

test.each(Object.keys(FRAMES))('a frame %s ends where it ends, whatever follows it', async (name) => {
  const frame = FRAMES[name] as Buffer
  for (const other of Object.values(FRAMES)) {
    expect(await cut(Buffer.concat([frame, other, frame]), 1_000_000)).toEqual([frame, other, frame])
  }
})

test('a frame without its size, as a stream is compressed, ends where it ends', async () => {
  const stream = createZstdCompress()
  const parts: Buffer[] = []
  stream.on('data', (part: Buffer) => parts.push(part))
  for (let at = 0; at < noise.length; at += 50_000) stream.write(noise.subarray(at, at + 50_000))
  stream.end()
  await new Promise((resolve) => stream.once('end', resolve))
  // The stream adds a frame of nothing at its end.
  const pieces = await cut(Buffer.concat([...parts, ...parts]), 1_000_000)
  expect(pieces.map((piece) => zstdDecompressSync(piece).length)).toEqual([300_000, 0, 300_000, 0])
})

test('all bytes are handed on, however they come and whatever they are', async () => {
  const frames = Buffer.concat(Object.values(FRAMES))
  for (const bytes of [frames, frames.subarray(0, frames.length - 3), Buffer.concat([frames, noise])]) {
    for (const chunkBytes of [1, 7, 4096]) expect(Buffer.concat(await cut(bytes, chunkBytes)).equals(bytes)).toBe(true)
  }
})
