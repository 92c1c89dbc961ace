import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { unpackChunk } from '../../shared/pipeline/chunk-codec.ts'
import { StorageError } from '../../shared/pipeline/storage-error.ts'

/*
 * A disk is paid by its size, a DynamoDB write by the kilobyte: here a chunk is packed for speed. Measured on chunks of
 * 20 spans: zstd 34 us and 1.9 KB, deflate primed with attribute keys 145 us and 1.7 KB.
 */

/** The first byte of a chunk packed with zstd; what starts with another is one that `unpackChunk` reads. */
const ZSTD = 0

/** Room for the packed chunk. Unless told zstd takes 16 KiB, also for each of 20,000 chunks of 100 bytes. */
const [MOST_ROOM, ROOM] = [16 * 1024, 128]
const OPTIONS = {
  params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
}

/** Packs TracesData for the database of one machine. */
export function packForDisk(bytes: Uint8Array): Uint8Array {
  const packed = zstdCompressSync(bytes, { ...OPTIONS, chunkSize: Math.min(MOST_ROOM, bytes.length + ROOM) })
  const item = new Uint8Array(packed.length + 1)
  item[0] = ZSTD
  item.set(packed, 1)
  return item
}

/** The inverse, also of `packChunk`; more than `maxBytes` unpacked, or damage, is StorageError `corrupt`. */
export function unpackFromDisk(packed: Uint8Array, maxBytes: number): Uint8Array {
  if (packed[0] !== ZSTD) return unpackChunk(packed, maxBytes)
  try {
    return zstdDecompressSync(packed.subarray(1), { maxOutputLength: maxBytes })
  } catch (cause) {
    throw new StorageError('corrupt', 'a stored chunk cannot be unpacked', { cause })
  }
}
