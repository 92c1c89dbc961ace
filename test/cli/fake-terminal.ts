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

/** A terminal with nothing on it, the given standard input, and a Ctrl-C in the hands of the test. */
export function fakeTerminal(stdin: string | Uint8Array = '') {
  const ctrlC = new AbortController()
  const terminal = {
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: fakeScreen(),
    stderr: fakeScreen(),
    interrupted: () => ctrlC.signal,
  } satisfies Terminal
  return { ...terminal, ctrlC }
}

/** Runs one command line in this process to its end. */
export async function runInProcess(args: readonly string[], stdin: string | Uint8Array = '') {
  const terminal = fakeTerminal(stdin)
  const exitCode = await run(args, terminal)
  return { exitCode, out: terminal.stdout.text(), err: terminal.stderr.text() }
}
