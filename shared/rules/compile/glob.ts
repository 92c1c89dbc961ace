/** A glob cut at its stars: `http.*.get` is `http.` and `.get`; one part alone means a pattern without a star. */
export function globParts(pattern: string): readonly string[] {
  return pattern.split(/\*+/)
}

/** Whether the whole name is the pattern, each `*` standing for any run of characters; takes no backtracking. */
export function globTest(pattern: string): (name: string) => boolean {
  const parts = globParts(pattern)
  const first = parts[0] as string
  const last = parts[parts.length - 1] as string
  if (parts.length === 1) return (name) => name === pattern
  const middle = parts.slice(1, -1)
  return (name) => {
    const end = name.length - last.length
    if (end < first.length || !name.startsWith(first) || !name.endsWith(last)) return false
    let from = first.length
    for (const part of middle) {
      const at = name.indexOf(part, from)
      if (at < 0) return false
      from = at + part.length
    }
    return from <= end
  }
}
