/** A message of a file, counted from 1, or what is wrong in its place. */
export type FramedMessage =
  | { readonly number: number; readonly bytes: Buffer }
  | { readonly number: number; readonly problem: string }

const LENGTH_BYTES = 4
/** The first byte of a length up to this cannot begin a request in protobuf or JSON, nor compressed data. */
const MAX_MESSAGE_BYTES = 128 * 1024 * 1024 - 1
const FIRST_BYTE_OF_MORE = 8
/** An empty batch is a message of no bytes. More than 1,000 of them are zeros that a file system left after a crash. */
const MAX_EMPTY = 1_000

/** Whether a file begins with the length of a message. */
export function isFramed(head: Buffer): boolean {
  return head.length > 0 && (head[0] as number) < FIRST_BYTE_OF_MORE
}

/**
 * Reads messages with their length before them, as the Collector's file exporter writes them: four bytes, the highest
 * first. Holds one message at a time. A faulty message becomes a problem with its number, and reading goes on behind it.
 */
export async function* readFramedMessages(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<FramedMessage> {
  const reader = byteReader(chunks)
  try {
    yield* readMessages(reader)
  } finally {
    await reader.close()
  }
}

async function* readMessages(reader: ByteReader): AsyncGenerator<FramedMessage> {
  let empty = 0
  for (let number = 1; ; number++) {
    const prefix = await reader.take(LENGTH_BYTES)
    if (prefix.length === 0) return
    if (prefix.length < LENGTH_BYTES) return yield { number, problem: 'it is cut short within its length' }
    const length = prefix.readUInt32BE(0)
    empty = length === 0 ? empty + 1 : 0
    if (empty > MAX_EMPTY) return yield { number, problem: 'from here on there are zeros; the rest is not read' }
    if (length > MAX_MESSAGE_BYTES) {
      yield { number, problem: `its length is ${length} bytes; at most 128 MiB are read` }
      await reader.skip(length)
    } else if (length > 0) {
      const bytes = await reader.take(length)
      if (bytes.length < length)
        return yield { number, problem: `it is cut short: ${bytes.length} of ${length} bytes are there` }
      yield { number, bytes }
    }
  }
}

function byteReader(chunks: AsyncIterable<Uint8Array>) {
  const iterator = chunks[Symbol.asyncIterator]()
  let rest: Uint8Array = new Uint8Array()

  /** Reads some of the next bytes, at most this number; none at the end. */
  async function some(bytes: number): Promise<Uint8Array> {
    while (rest.length === 0) {
      const next = await iterator.next()
      if (next.done) return rest
      rest = next.value
    }
    const taken = rest.subarray(0, bytes)
    rest = rest.subarray(taken.length)
    return taken
  }

  /** Reads this number of bytes, fewer only at the end. */
  async function take(bytes: number): Promise<Buffer> {
    const parts: Uint8Array[] = []
    let left = bytes
    for (let part = await some(left); part.length > 0; part = left > 0 ? await some(left) : NONE) {
      parts.push(part)
      left -= part.length
    }
    const [only] = parts
    if (only === undefined || parts.length > 1) return Buffer.concat(parts)
    return Buffer.from(only.buffer, only.byteOffset, only.byteLength)
  }

  async function skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; ) {
      const part = await some(left)
      if (part.length === 0) return
      left -= part.length
    }
  }

  return { take, skip, close: async () => void (await iterator.return?.()) }
}

type ByteReader = ReturnType<typeof byteReader>

const NONE = new Uint8Array()
