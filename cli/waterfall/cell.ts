import { visible } from '../../shared/text/visible.ts'

/** East Asian wide and fullwidth forms, and emoji shown as pictures, take two columns of a terminal. */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|.\ufe0f)/u
/** Accents, joiners and selectors; what else is invisible is escaped before. */
const INVISIBLE = /^[\p{Mn}\p{Me}\u200c\u200d]+$/u

/** A letter with its accents, or one emoji, may be of several characters; of a text no more than these are looked at. */
const MAX_CHARACTERS_A_COLUMN = 8

const graphemes = new Intl.Segmenter()

/** Text in exactly the given number of columns of a terminal: cut with `…`, or filled with blanks. Control characters are escaped. */
export function cell(text: string, columns: number): string {
  const looked = visible(text.slice(0, columns * MAX_CHARACTERS_A_COLUMN).toWellFormed())
  const parts = Array.from(graphemes.segment(looked), ({ segment }) => ({ segment, width: widthOf(segment) }))
  const width = parts.reduce((sum, part) => sum + part.width, 0)
  const isWhole = text.length <= columns * MAX_CHARACTERS_A_COLUMN
  if (isWhole && width <= columns) return looked + ' '.repeat(columns - width)
  let shown = ''
  let used = 0
  for (const part of parts) {
    if (used + part.width > columns - 1) break
    shown += part.segment
    used += part.width
  }
  return `${shown}…${' '.repeat(columns - 1 - used)}`
}

function widthOf(grapheme: string): number {
  if (INVISIBLE.test(grapheme)) return 0
  return WIDE.test(grapheme) ? 2 : 1
}
