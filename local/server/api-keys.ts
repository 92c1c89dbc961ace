import { createHash, timingSafeEqual } from 'node:crypto'
import { type HeaderValues, presentedKey } from '../../shared/otlp/presented-key.ts'

/** Which of the known keys a request with these headers brings, counted from 1; undefined for none of them. */
type KeyCheck = (headers: HeaderValues) => number | undefined

/** Asks for one of the keys. Takes the same time whichever key is wrong. */
export function keyCheck(keys: readonly string[]): KeyCheck {
  const digests = keys.map(digest)
  return (headers) => {
    const key = presentedKey(headers)
    if (key === undefined) return undefined
    const given = digest(key)
    const number = digests.map((known) => timingSafeEqual(known, given)).indexOf(true) + 1
    return number === 0 ? undefined : number
  }
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
