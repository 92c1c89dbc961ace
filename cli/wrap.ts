import { Writable } from 'node:stream'
import { type Screen, widthOf } from './terminal.ts'

/** How much deeper than its line the rest of a wrapped line stands. */
const HANGING = 4

/** Text for a screen: where it is a terminal, long lines are wrapped to its width. */
export function fitTo(screen: Screen, text: string): string {
  return screen.isTTY === true ? wrapLines(text, widthOf(screen)) : text
}

/** Breaks plain lines at spaces to fit `columns`; lines with escape codes are short as written and stay. */
export function wrapLines(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => (line.length <= columns || line.includes('\x1b') ? line : wrapLine(line, columns)))
    .join('\n')
}

function wrapLine(line: string, columns: number): string {
  const indent = Math.min(line.length - line.trimStart().length + HANGING, Math.floor(columns / 2))
  const lines: string[] = []
  let rest = line
  while (rest.length > columns) {
    const start = rest.length - rest.trimStart().length
    const space = rest.lastIndexOf(' ', columns)
    if (space <= start) break
    lines.push(rest.slice(0, space))
    rest = `${' '.repeat(indent)}${rest.slice(space + 1)}`
  }
  return [...lines, rest].join('\n')
}

/** The same screen, with long lines wrapped where it is a terminal. */
export function wrapping(screen: Screen): Screen {
  if (screen.isTTY !== true) return screen
  const wrapped = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      if (screen.write(fitTo(screen, chunk.toString()))) done()
      else screen.once('drain', () => done())
    },
  })
  return Object.assign(wrapped, { isTTY: true, columns: widthOf(screen) })
}
