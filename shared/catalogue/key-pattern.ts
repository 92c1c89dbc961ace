const MAX_PATTERN_LENGTH = 200

/** Whether a text may name keys: one key, or a pattern with `*` for any characters, such as `user.*`. */
export function isKeyPattern(text: string): boolean {
  return /^[^\s,]+$/.test(text) && text.length <= MAX_PATTERN_LENGTH
}

/** The patterns in a JSON list of them; undefined where the text is anything else. */
export function keyPatternsIn(json: string): readonly string[] | undefined {
  try {
    const list: unknown = JSON.parse(json)
    const isList = Array.isArray(list) && list.every((one) => typeof one === 'string' && isKeyPattern(one))
    return isList ? list : undefined
  } catch {
    return undefined
  }
}

/** Tests whether a key is among those that the patterns name. */
export function keyTest(patterns: readonly string[]): (key: string) => boolean {
  const parts = patterns.map((pattern) => pattern.split('*'))
  return (key) => parts.some((literals) => fits(key, literals))
}

/** Whether the literals come in this order in the key, the first at its start, the last at its end. No step is tried twice. */
function fits(key: string, literals: readonly string[]): boolean {
  const first = literals[0] ?? ''
  const last = literals.at(-1) ?? ''
  if (literals.length === 1) return key === first
  const end = key.length - last.length
  if (!key.startsWith(first) || !key.endsWith(last)) return false
  let at = first.length
  for (const literal of literals.slice(1, -1)) {
    const found = key.indexOf(literal, at)
    if (found < 0) return false
    at = found + literal.length
  }
  return at <= end
}
