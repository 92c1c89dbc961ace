import type { Readable, Writable } from 'node:stream'
import { styleText } from 'node:util'

/** A stream to write to, and what is known of the screen behind it. */
export type Screen = Writable & { readonly isTTY?: boolean; readonly columns?: number }

/** All a command touches of the process it runs in, so that a test can hand it something else. */
export interface Terminal {
  readonly stdin: Readable
  readonly stdout: Screen
  readonly stderr: Screen
  /** Aborted by Ctrl-C, SIGTERM, or a reader that went away; listening starts with the first call. */
  interrupted(): AbortSignal
}

/** How a command ended: 0 nothing to report, 1 problems or signals, 2 it could not do its work, 130 it was stopped. */
export type ExitCode = 0 | 1 | 2 | 130

type Style = Parameters<typeof styleText>[0]

/** Colours text where the stream is a terminal and NO_COLOR is unset. */
export function paint(screen: Screen, style: Style, text: string): string {
  return styleText(style, text, { stream: screen })
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
