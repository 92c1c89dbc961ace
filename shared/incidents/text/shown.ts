import { visible } from '../../text/visible.ts'
import { cutText } from '../cut-text.ts'

const MAX_NAME = 100

/** A name or value of strangers on one line: nothing invisible is in it, and it has at most `most` characters. */
export function shownName(text: string, most = MAX_NAME): string {
  // No more of it can be shown.
  return cutText(visible(text.slice(0, most + 1).toWellFormed()), most)
}

/** `a, b and 3 more` */
export function shownNames(names: readonly string[], most: number): string {
  const shown = names.slice(0, most).map((name) => shownName(name))
  const left = names.length - shown.length
  const last = left > 0 ? `${left} more` : shown.pop()
  return shown.length === 0 ? (last ?? '') : `${shown.join(', ')} and ${last}`
}
