const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi
const WORD = /[\p{L}\p{N}%~]+/gu
/** `v1`, `s3`, `http2` and `k8s` are words. */
const NAMED_WITH_DIGIT = /^\p{L}+\d\p{L}*$/u
const REPEATED_STARS = /\*(?:[-_.:]?\*)+/g

/** The name with `*` for each identifier in it: `GET /users/4711` has the shape `GET /users/*`. Done twice it changes nothing. */
export function shapeOfName(name: string): string {
  const starred = name.replace(UUID, '*').replace(WORD, (word) => (isIdentifier(word) ? '*' : word))
  return starred.replace(REPEATED_STARS, '*')
}

function isIdentifier(word: string): boolean {
  return /\d/.test(word) && !NAMED_WITH_DIGIT.test(word)
}

/** The pattern of all names that differ in the last part alone: `GET /users/*` of `GET /users/alice`. */
export function siblingsOfName(name: string): string {
  return name.replace(/[^\s/.:_-]*$/, '*')
}
