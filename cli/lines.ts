/** One line of a file without its newline; `bytes` is missing where it is longer than the limit. */
export interface Line {
  /** 1-based. */
  readonly number: number
  readonly bytes: Uint8Array | undefined
}

const NEWLINE = 0x0a

/** Cuts a stream at newlines, holding one line at a time; of a line over `maxBytes` only the number is kept. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Line> {
  let number = 1
  let parts: Uint8Array[] = []
  let size = 0
  const take = (last: Uint8Array): Line => {
    size += last.length
    const bytes = size > maxBytes ? undefined : parts.length === 0 ? last : Buffer.concat([...parts, last], size)
    parts = []
    size = 0
    return { number: number++, bytes }
  }
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield take(chunk.subarray(start, end))
      start = end + 1
    }
    if (start === chunk.length) continue
    size += chunk.length - start
    if (size > maxBytes) parts = []
    else parts.push(chunk.subarray(start))
  }
  if (size > 0) yield take(new Uint8Array())
}
