const BACKSLASH = 0x5c
const LETTER_U = 0x75
/** The character that an escape means, by the letter after its backslash. */
const MEANT: readonly number[] = Object.assign(new Array<number>(128).fill(0), {
  34: 0x22,
  92: 0x5c,
  47: 0x2f,
  98: 0x08,
  102: 0x0c,
  110: 0x0a,
  114: 0x0d,
  116: 0x09,
})

/**
 * Writes the content of a JSON string, whose escapes are known to be valid, as UTF-8 from `to` on and returns where it
 * ends: never longer than it was. Half of a surrogate pair becomes U+FFFD, as where text is encoded.
 */
export function unescapeInto(bytes: Buffer, start: number, end: number, out: Uint8Array, to: number): number {
  let written = to
  for (let at = start; at < end; ) {
    const byte = bytes[at] as number
    if (byte !== BACKSLASH) {
      out[written++] = byte
      at++
    } else if (bytes[at + 1] !== LETTER_U) {
      out[written++] = MEANT[bytes[at + 1] as number] as number
      at += 2
    } else {
      const code = codeAt(bytes, at, end)
      written = writeCode(code, out, written)
      at += code > 0xffff ? 12 : 6
    }
  }
  return written
}

/** The code point of the escape `\uXXXX` at a place, or of two that are a pair. */
function codeAt(bytes: Buffer, at: number, end: number): number {
  const unit = unitAt(bytes, at)
  if (unit < 0xd800 || unit > 0xdfff) return unit
  const isPair = unit < 0xdc00 && at + 12 <= end && bytes[at + 6] === BACKSLASH && bytes[at + 7] === LETTER_U
  const low = isPair ? unitAt(bytes, at + 6) : 0
  return low >= 0xdc00 && low <= 0xdfff ? 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00) : 0xfffd
}

function unitAt(bytes: Buffer, at: number): number {
  let unit = 0
  for (let digit = at + 2; digit < at + 6; digit++) unit = unit * 16 + hexDigit(bytes[digit] as number)
  return unit
}

/** The value of a byte that is known to be a hex digit. */
export function hexDigit(byte: number): number {
  return byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57
}

function writeCode(code: number, out: Uint8Array, to: number): number {
  let at = to
  if (code < 0x80) {
    out[at++] = code
    return at
  }
  if (code < 0x800) out[at++] = 0xc0 | (code >> 6)
  else {
    if (code < 0x10000) out[at++] = 0xe0 | (code >> 12)
    else {
      out[at++] = 0xf0 | (code >> 18)
      out[at++] = 0x80 | ((code >> 12) & 0x3f)
    }
    out[at++] = 0x80 | ((code >> 6) & 0x3f)
  }
  out[at++] = 0x80 | (code & 0x3f)
  return at
}

export function isHexDigit(byte: number): boolean {
  return isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}
