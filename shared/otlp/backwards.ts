/*
 * Protobuf written from its end to its start, so that every length is known when it is due. All functions take the
 * place where what they write ends, and return where it starts.
 */

/** Below this a loop copies faster than a call into native code. */
const LOOP_COPY_BYTES = 48

export function copyBackwards(from: Uint8Array, start: number, end: number, out: Uint8Array, outEnd: number): number {
  const length = end - start
  const pos = outEnd - length
  if (length > LOOP_COPY_BYTES) out.set(from.subarray(start, end), pos)
  else for (let i = 0; i < length; i++) out[pos + i] = from[start + i] as number
  return pos
}

/** Writes tag (of one byte) and length before `pos`, for content that ends at `contentEnd`. */
export function writeHeader(out: Uint8Array, pos: number, tag: number, contentEnd: number): number {
  let length = contentEnd - pos
  let size = 1
  for (let rest = length; rest >= 0x80; rest >>>= 7) size++
  let at = pos - size
  const start = at - 1
  out[start] = tag
  for (; length >= 0x80; length >>>= 7) out[at++] = (length & 0x7f) | 0x80
  out[at] = length
  return start
}

/** Writes a varint of 64 bits, given as two unsigned numbers of 32. */
export function writeVarint(out: Uint8Array, pos: number, high: number, low: number): number {
  let size = 1
  for (let top = high, rest = low; top !== 0 || rest > 0x7f; top >>>= 7) {
    rest = ((rest >>> 7) | (top << 25)) >>> 0
    size++
  }
  const start = pos - size
  let at = start
  let top = high
  let rest = low
  for (; size > 1; size--, top >>>= 7) {
    out[at++] = (rest & 0x7f) | 0x80
    rest = ((rest >>> 7) | (top << 25)) >>> 0
  }
  out[at] = rest
  return start
}

/** Writes the low 32 bits of a number, little-endian. */
export function writeFixed(out: Uint8Array, pos: number, value: number): number {
  out[pos - 1] = value >>> 24
  out[pos - 2] = value >>> 16
  out[pos - 3] = value >>> 8
  out[pos - 4] = value
  return pos - 4
}
