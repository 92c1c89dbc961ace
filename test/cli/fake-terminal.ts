import { Readable, Writable } from 'node:stream'
import { run } from '../../cli/program.ts'
import type { Screen, Terminal } from '../../cli/terminal.ts'

/** A screen that keeps what is written to it. */
export interface FakeScreen extends Screen {
  text(): string
}

export function fakeScreen(known: { isTTY?: boolean; columns?: number } = {}): FakeScreen {
  const parts: Buffer[] = []
  const screen = new Writable({
    write(chunk: Buffer, _encoding, done) {
      parts.push(Buffer.from(chunk))
      done()
    },
  })
  return Object.assign(screen, { text: () => Buffer.concat(parts).toString() }, known)
}

/** Runs one command line in this process, with nothing on the terminal and the given standard input. */
export async function runInProcess(args: readonly string[], stdin: string | Uint8Array = '') {
  const stdout = fakeScreen()
  const stderr = fakeScreen()
  const terminal: Terminal = {
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout,
    stderr,
    interrupted: () => new AbortController().signal,
  }
  const exitCode = await run(args, terminal)
  return { exitCode, out: stdout.text(), err: stderr.text() }
}
