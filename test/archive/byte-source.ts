import type { ByteSource } from '../../shared/archive/read-footer.ts'

/** The bytes of an object in memory. */
export function sourceOf(bytes: Uint8Array): ByteSource {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { byteLength: buffer.length, read: async (start, end) => buffer.subarray(start, end) }
}
