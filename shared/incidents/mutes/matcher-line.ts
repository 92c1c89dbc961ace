import type { MatcherSource } from '../routing/read-matcher.ts'

/** A matcher that lies in no file, with the places of its characters. */
export function matcherLine(text: string): MatcherSource {
  return {
    text,
    positionAt(offset) {
      const before = text.slice(0, offset)
      const lineStart = before.lastIndexOf('\n') + 1
      return { offset, line: before.split('\n').length, column: offset - lineStart + 1 }
    },
  }
}
