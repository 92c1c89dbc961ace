import type { SourcePosition, SourceRange } from '../../errors.ts'

/** A text, with the line and column of each offset. */
export interface Source {
  readonly text: string
  positionAt(offset: number): SourcePosition
}

/**
 * The text without a byte order mark, its lines found once: a position costs a binary search, or nothing where the one
 * before was on the same line, as most are.
 */
export function sourceOf(written: string): Source {
  const text = written.startsWith('\uFEFF') ? written.slice(1) : written
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1)
  let line = 0
  return {
    text,
    positionAt(offset) {
      const start = lineStarts[line] as number
      const next = lineStarts[line + 1] ?? Number.POSITIVE_INFINITY
      if (offset < start || offset >= next) line = lastAtOrBefore(lineStarts, offset)
      return { offset, line: line + 1, column: offset - (lineStarts[line] as number) + 1 }
    },
  }
}

export function rangeIn(source: Source, start: number, end: number): SourceRange {
  return { start: source.positionAt(start), end: source.positionAt(end) }
}

function lastAtOrBefore(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((sorted[middle] ?? 0) <= value) low = middle
    else high = middle - 1
  }
  return low
}
