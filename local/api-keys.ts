import { createHash, timingSafeEqual } from 'node:crypto'
import { type HeaderValues, presentedKey } from '../shared/otlp/presented-key.ts'

/** Whether a request with these headers brings a key that is known. */
export type KeyCheck = (headers: HeaderValues) => boolean

/** Asks for one of the keys; where there are none, every request passes. Takes the same time whichever key is wrong. */
export function keyCheck(keys: readonly string[]): KeyCheck {
  if (keys.length === 0) return () => true
  const digests = keys.map(digest)
  return (headers) => {
    const key = presentedKey(headers)
    if (key === undefined) return false
    const given = digest(key)
    return digests.map((known) => timingSafeEqual(known, given)).includes(true)
  }
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
