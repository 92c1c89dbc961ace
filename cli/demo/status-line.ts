import { Writable } from 'node:stream'
import { type Screen, widthOf } from '../terminal.ts'
import { fitTo } from '../wrap.ts'

/** A line that stays at the bottom of a terminal while other text is written above it. */
export interface StatusLine {
  /** Takes what goes above the line. */
  readonly above: Screen
  /** Replaces the line; where the screen is no terminal, nothing is shown. */
  show(text: string): void
  /** Takes the line away. */
  end(): void
}

const CLEAR = '\r\x1b[2K'

/** Starts with an empty line on `screen`. */
export function createStatusLine(screen: Screen): StatusLine {
  let line = ''
  const draw = () => {
    if (line !== '') screen.write(line)
  }
  const above = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      if (line !== '') screen.write(CLEAR)
      screen.write(fitTo(screen, chunk.toString()))
      draw()
      done()
    },
  })
  return {
    above: Object.assign(above, { isTTY: screen.isTTY === true, columns: screen.columns ?? 80 }),
    show(text) {
      if (screen.isTTY !== true) return
      line = `${CLEAR}${text.slice(0, widthOf(screen) - 1)}`
      draw()
    },
    end() {
      if (line !== '') screen.write(CLEAR)
      line = ''
    },
  }
}
