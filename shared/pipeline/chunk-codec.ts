import { deflateSync, inflateSync } from 'node:zlib'
import { KEYS_1, VALUES_1 } from './dictionary/version-1.ts'
import { StorageError } from './storage-error.ts'

/** The first byte of a packed chunk: which word list its reader needs. */
const VERSION = 1
const DICTIONARIES: ReadonlyMap<number, Uint8Array> = new Map([[1, dictionaryOf(KEYS_1, VALUES_1)]])

/** Measured: level 6 packs chunks of a few spans as small as level 9 does; less memory is set up faster. */
const LEVEL = 6

/**
 * Packs TracesData for storage: a version byte, then zlib-wrapped deflate primed with OpenTelemetry's attribute keys.
 * (Raw deflate read with a wrong dictionary gives garbage silently; the wrapped form carries checksums of both.)
 */
export function packChunk(bytes: Uint8Array): Uint8Array {
  const packed = deflateSync(bytes, { dictionary: dictionary(VERSION), level: LEVEL })
  const item = new Uint8Array(packed.length + 1)
  item[0] = VERSION
  item.set(packed, 1)
  return item
}

/** The inverse of `packChunk`; more than `maxBytes` inflated, an unknown version or damage is StorageError `corrupt`. */
export function unpackChunk(packed: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return inflateSync(packed.subarray(1), { dictionary: dictionary(packed[0]), maxOutputLength: maxBytes })
  } catch (cause) {
    if (cause instanceof StorageError) throw cause
    throw new StorageError('corrupt', 'a stored chunk cannot be unpacked', { cause })
  }
}

function dictionary(version: number | undefined): Uint8Array {
  const found = version === undefined ? undefined : DICTIONARIES.get(version)
  if (found !== undefined) return found
  throw new StorageError('corrupt', `a stored chunk has codec version ${version}, this release reads 1 to ${VERSION}`, {
    hint: 'it was written by a newer release: upgrade this one',
  })
}

/** Frames each word as protobuf frames it in a KeyValue, so that tag, length and word are found as one run. */
function dictionaryOf(keys: string, values: string): Uint8Array {
  const framedValues = words(values).map((value) => [0x12, value.length + 2, 0x0a, value.length, ...Buffer.from(value)])
  const framedKeys = words(keys).map((key) => [0x0a, key.length, ...Buffer.from(key), 0x12])
  return Uint8Array.from([...framedValues, ...framedKeys].flat())
}

function words(list: string): readonly string[] {
  return list.trim().split(/\s+/)
}
