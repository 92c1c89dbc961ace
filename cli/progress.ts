import { visible } from '../shared/text/visible.ts'
import { overwriteLine, type Screen, widthOf } from './terminal.ts'

/** A line on the terminal that says how far a long command is. */
export interface Progress {
  show(text: string): void
  /** Removes the line, before anything else is written. */
  clear(): void
}

/** A command that ends sooner shows no progress. */
const QUIET_START_MS = 2000
const REFRESH_MS = 100

/** Shows progress only on a terminal, and only once the command has taken two seconds; `now` is in milliseconds. */
export function createProgress(screen: Screen, now: () => number): Progress {
  const startedMs = now()
  let shownMs = 0
  let shown = false
  return {
    show(text) {
      if (screen.isTTY !== true) return
      const time = now()
      if (time - startedMs < QUIET_START_MS || time - shownMs < REFRESH_MS) return
      shownMs = time
      shown = true
      overwriteLine(screen, visible(text).slice(0, widthOf(screen) - 1))
    },
    clear() {
      if (shown) overwriteLine(screen, '')
      shown = false
    },
  }
}
