import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether the headers (lower-case names) of a request bring a key, as `x-api-key` or `Authorization: Bearer`. */
export type KeyCheck = (headers: Readonly<Record<string, string | undefined>>) => boolean

/** Asks for one of the keys; where there are none, every request passes. Takes the same time whichever key is wrong. */
export function keyCheck(keys: readonly string[]): KeyCheck {
  if (keys.length === 0) return () => true
  const digests = keys.map(digest)
  return (headers) => {
    const key = headers['x-api-key'] ?? /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1]
    if (key === undefined) return false
    const given = digest(key)
    return digests.map((known) => timingSafeEqual(known, given)).includes(true)
  }
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
