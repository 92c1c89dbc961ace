import { Writable } from 'node:stream'
import { overwriteLine, paint, type Screen, widthOf } from '../terminal.ts'
import { fitTo } from '../wrap.ts'

/** A line that stays at the bottom of a terminal while other text is written above it. */
export interface StatusLine {
  /** Takes what goes above the line. */
  readonly above: Screen
  /** Replaces the line; shows nothing on a screen that is not a terminal. */
  show(text: string, style?: 'cyan'): void
  /** Takes the line away. */
  end(): void
}

/** Starts with an empty line on `screen`. */
export function createStatusLine(screen: Screen): StatusLine {
  let line = ''
  const draw = () => {
    if (line !== '') overwriteLine(screen, line)
  }
  const above = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      if (line !== '') overwriteLine(screen, '')
      screen.write(fitTo(screen, chunk.toString()))
      draw()
      done()
    },
  })
  return {
    above: Object.assign(above, { isTTY: screen.isTTY === true, columns: screen.columns ?? 80 }),
    show(text, style) {
      if (screen.isTTY !== true) return
      const fitting = text.slice(0, widthOf(screen) - 1)
      line = style === undefined ? fitting : paint(screen, style, fitting)
      draw()
    },
    end() {
      if (line !== '') overwriteLine(screen, '')
      line = ''
    },
  }
}
