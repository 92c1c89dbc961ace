const SIGN_OF_CUT = '…'

/** A text of at most `most` UTF-16 units; one that is cut ends in `…`, never within a character or an escape such as `\u202e`. */
export function cutText(text: string, most: number): string {
  if (text.length <= most) return text.toWellFormed()
  return `${wholeCharacters(text.slice(0, Math.max(most - SIGN_OF_CUT.length, 0)))}${SIGN_OF_CUT}`
}

/** As `cutText`, by bytes of UTF-8. */
export function cutToBytes(text: string, most: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= most) return text.toWellFormed()
  let end = Math.max(most - Buffer.byteLength(SIGN_OF_CUT), 0)
  // A byte 10xxxxxx goes on with the character before it.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return `${wholeCharacters(bytes.subarray(0, end).toString())}${SIGN_OF_CUT}`
}

/** Half a pair of surrogates, the beginning of an escape of `visible` or of an entity such as `&amp;`, at the end. */
const HALF = /(?:[\ud800-\udbff]|\\(?:u[\da-f]{0,3})?|&#?\w{0,4})$/

function wholeCharacters(text: string): string {
  return text.replace(HALF, '').toWellFormed()
}
