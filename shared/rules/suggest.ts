/** How many single-character edits (insert, delete, replace, swap of neighbours) lead from one word to the other. */
export function editDistance(from: string, to: string): number {
  let beforeLast: readonly number[] = []
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1]
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      const replace = (last[column - 1] ?? 0) + (same ? 0 : 1)
      const swap = swapped ? (beforeLast[column - 2] ?? Infinity) + 1 : Infinity
      current.push(Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, replace, swap))
    }
    beforeLast = last
    last = current
  }
  return last[to.length] ?? 0
}

/** The candidate a person most likely meant by `word`, letter case aside; undefined where none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > 64) return undefined
  const lower = word.toLowerCase()
  const allowed = word.length <= 4 ? 1 : Math.floor(word.length / 3)
  let best: string | undefined
  let bestDistance = allowed + 1
  for (const candidate of candidates) {
    const distance = editDistance(lower, candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}
