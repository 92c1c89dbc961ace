/*
 * Where zstd frames end (RFC 8878, 3.1). Node's decompressor stops without a word at the end of a frame that has another
 * behind it in the same chunk, so it is fed pieces that end where frames do.
 */

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const DICTIONARY_ID_BYTES = [0, 1, 2, 4]
const CONTENT_SIZE_BYTES = [0, 2, 4, 8]
const RLE_BLOCK = 1

/** Whether bytes begin as a zstd frame does. */
export function isZstd(head: Buffer): boolean {
  return head.length >= 4 && head.readUInt32LE(0) === FRAME_MAGIC
}

/** Hands on the same bytes in pieces that end where frames end. */
export async function* cutAtFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const cursor = frameCursor()
  for await (const chunk of chunks) {
    let start = 0
    for (let at = 0; at < chunk.length; ) {
      at += cursor.take(chunk, at)
      if (!cursor.isBetween()) continue
      yield chunk.subarray(start, at)
      start = at
    }
    if (start < chunk.length) yield chunk.subarray(start)
  }
}

/** What a part of a frame says comes next: bytes to read whole, then what they mean; or bytes to pass over. */
interface Part {
  readonly bytes: number
  /** Undefined where the bytes are passed over. */
  readonly read?: (part: Buffer) => Part
  readonly next?: () => Part
}

function frameCursor() {
  let part = MAGIC
  let left = part.bytes
  let held: Uint8Array[] = []
  const advance = () => {
    part = part.read === undefined ? (part.next?.() ?? MAGIC) : part.read(Buffer.concat(held))
    left = part.bytes
    held = []
  }
  return {
    /** Takes in some of the chunk from `at` on, and returns how many bytes. */
    take(chunk: Uint8Array, at: number): number {
      const taken = Math.min(left, chunk.length - at)
      if (part.read !== undefined) held.push(chunk.subarray(at, at + taken))
      left -= taken
      while (left === 0) advance()
      return taken
    },
    isBetween: () => part === MAGIC && left === part.bytes,
  }
}

const MAGIC: Part = {
  bytes: 4,
  read: (part) => {
    const magic = part.readUInt32LE(0)
    if (magic === FRAME_MAGIC) return DESCRIPTOR
    return (magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC ? SKIPPABLE_SIZE : REST
  },
}

/** No frame: the decompressor says so. */
const REST: Part = { bytes: Number.POSITIVE_INFINITY }

const SKIPPABLE_SIZE: Part = { bytes: 4, read: (part) => pass(part.readUInt32LE(0), () => MAGIC) }

const DESCRIPTOR: Part = {
  bytes: 1,
  read: (part) => {
    const descriptor = part.readUInt8(0)
    const isSingleSegment = (descriptor & 0x20) !== 0
    const sizeFlag = descriptor >> 6
    const contentSize = sizeFlag === 0 && isSingleSegment ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] as number)
    const fields = (isSingleSegment ? 0 : 1) + (DICTIONARY_ID_BYTES[descriptor & 3] as number) + contentSize
    const checksum = (descriptor & 4) === 0 ? MAGIC : pass(4, () => MAGIC)
    return pass(fields, () => blockHeader(checksum))
  },
}

function blockHeader(end: Part): Part {
  return {
    bytes: 3,
    read: (part) => {
      const header = part.readUIntLE(0, 3)
      const isLast = (header & 1) === 1
      const bytes = ((header >> 1) & 3) === RLE_BLOCK ? 1 : header >> 3
      return pass(bytes, () => (isLast ? end : blockHeader(end)))
    },
  }
}

function pass(bytes: number, next: () => Part): Part {
  return { bytes, next }
}
