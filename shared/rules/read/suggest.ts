/** How long a search for a word may go on, in steps of some nanoseconds: one for each pair of letters that is compared. */
export interface Effort {
  steps: number
}

/**
 * How many single-character edits (insert, delete, replace, swap of neighbours) lead from one word to the other; where
 * that is more than `limit`, `limit + 1`. Only ways of at most `limit` edits are followed.
 */
export function editDistance(
  from: string,
  to: string,
  limit = Math.max(from.length, to.length),
  effort?: Effort,
): number {
  const far = limit + 1
  if (Math.abs(from.length - to.length) > limit) return far
  let [beforeLast, last, current] = [newRow(to), newRow(to), newRow(to)]
  for (let column = 0; column <= to.length; column += 1) last[column] = column
  for (let row = 1; row <= from.length; row += 1) {
    const first = Math.max(1, row - limit)
    const end = Math.min(to.length, row + limit)
    // Cells outside of the band would need too many edits.
    current[first - 1] = first === 1 ? row : far
    if (row + limit <= to.length) last[row + limit] = far
    if (effort !== undefined) effort.steps -= end - first + 1
    if (fillRow({ from, to, row, first, end }, beforeLast, last, current) > limit) return far
    ;[beforeLast, last, current] = [last, current, beforeLast]
  }
  return Math.min(last[to.length] as number, far)
}

type Row = Int32Array

function newRow({ length }: string): Row {
  return new Int32Array(length + 1)
}

interface Cells {
  readonly from: string
  readonly to: string
  readonly row: number
  readonly first: number
  readonly end: number
}

/** Fills the cells of one row by those of the two before it; returns the least number of edits among them. */
function fillRow({ from, to, row, first, end }: Cells, beforeLast: Row, last: Row, current: Row): number {
  let least = current[first - 1] as number
  const letter = from.charCodeAt(row - 1)
  const before = row > 1 ? from.charCodeAt(row - 2) : 0
  for (let column = first; column <= end; column += 1) {
    const other = to.charCodeAt(column - 1)
    let edits = (last[column - 1] as number) + (letter === other ? 0 : 1)
    edits = Math.min(edits, (last[column] as number) + 1)
    edits = Math.min(edits, (current[column - 1] as number) + 1)
    if (column > 1 && before === other && letter === to.charCodeAt(column - 2))
      edits = Math.min(edits, (beforeLast[column - 2] as number) + 1)
    current[column] = edits
    if (edits < least) least = edits
  }
  return least
}

/**
 * The candidate a person most likely meant by `word`, letter case aside; undefined where none is near, or where the
 * effort does not suffice to look at all.
 */
export function nearest(word: string, candidates: Iterable<string>, effort?: Effort): string | undefined {
  if (word.length > 64) return undefined
  const lower = word.toLowerCase()
  const allowed = word.length <= 4 ? 1 : Math.floor(word.length / 3)
  let best: string | undefined
  let bestDistance = allowed + 1
  for (const candidate of candidates) {
    if (effort !== undefined && effort.steps-- <= 0) return undefined
    const distance = editDistance(lower, candidate.toLowerCase(), bestDistance - 1, effort)
    if (distance >= bestDistance) continue
    best = candidate
    bestDistance = distance
    if (distance === 0) return best
  }
  return best
}
