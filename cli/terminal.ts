import type { Readable, Writable } from 'node:stream'
import { styleText } from 'node:util'
import { visibleLines } from '../shared/text/visible.ts'

/** A stream to write to, and what is known of the screen behind it. */
export type Screen = Writable & { readonly isTTY?: boolean; readonly columns?: number }

/** All a command touches of the process it runs in, so that a test can hand it something else. */
export interface Terminal {
  readonly stdin: Readable
  readonly stdout: Screen
  readonly stderr: Screen
  /** Aborted by Ctrl-C, SIGTERM, or a reader that went away; listening starts with the first call. */
  interrupted(): AbortSignal
  /**
   * Runs work that blocks the event loop, for a command that asked for signals: a signal that comes meanwhile ends the
   * process at once, since the command would get it only afterwards.
   */
  blocking?<Result>(work: () => Result): Promise<Result>
}

/** How a command ended: 0 nothing to report, 1 problems or signals, 2 it could not do its work, 130 it was stopped. */
export type ExitCode = 0 | 1 | 2 | 130

type Style = Parameters<typeof styleText>[0]

/**
 * Colours text where the stream is a terminal and NO_COLOR is unset. `undefined` leaves it: what another release sends may
 * have a severity or a state that this one has no style for.
 */
export function paint(screen: Screen, style: Style | undefined, text: string): string {
  return style === undefined ? text : styleText(style, text, { stream: screen })
}

/** Guarded screens, and the stream behind each. */
const BEHIND = new WeakMap<Screen, Screen>()

/**
 * The same terminal, whose screens show no control or invisible character, and no line that a CI runner takes for a
 * command, whatever is written to them: commands get no other. On a terminal our own colours pass.
 */
export function guarded(terminal: Terminal): Terminal {
  const { stdin, stdout, stderr, blocking } = terminal
  if (BEHIND.has(stdout)) return terminal
  const interrupted = () => terminal.interrupted()
  return {
    stdin,
    stdout: guardedScreen(stdout),
    stderr: guardedScreen(stderr),
    interrupted,
    ...(blocking && { blocking }),
  }
}

function guardedScreen(screen: Screen): Screen {
  const write = (chunk: unknown, ...rest: never[]) => screen.write(shownOn(screen, String(chunk)), ...rest)
  const guard = new Proxy(screen, {
    get(target, name) {
      if (name === 'write') return write
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  BEHIND.set(guard, screen)
  return guard
}

function shownOn(screen: Screen, text: string, headings = false): string {
  return visibleLines(text, { styles: text.includes('\x1b') && paint(screen, 'red', 'x') !== 'x', headings })
}

/** Puts a text in the place of the line that the cursor is in; an empty one clears it. */
export function overwriteLine(screen: Screen, text: string): void {
  const behind = BEHIND.get(screen) ?? screen
  behind.write(`\r\x1b[2K${shownOn(behind, text)}`)
}

/** Writes a page of Markdown, whose headings begin as commands of some CI runners do. */
export async function writeMarkdown(screen: Screen, page: string): Promise<void> {
  const behind = BEHIND.get(screen) ?? screen
  await write(behind, shownOn(behind, page, true))
}

/** Writes and waits until the stream takes more, so that output never piles up in memory. */
export async function write(screen: Screen, text: string): Promise<void> {
  if (screen.destroyed || screen.writableEnded || screen.write(text)) return
  await new Promise<void>((resolve) => {
    const done = () => {
      screen.off('drain', done)
      screen.off('close', done)
      screen.off('error', done)
      resolve()
    }
    screen.once('drain', done)
    screen.once('close', done)
    screen.once('error', done)
  })
}

/** Columns to write to: the width of the terminal, else 80. */
export function widthOf(screen: Screen): number {
  return Math.max(40, screen.columns ?? 80)
}
