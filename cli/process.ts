import { Console } from 'node:console'
import { visible } from '../shared/text/visible.ts'
import { failureText, run } from './program.ts'
import { guarded, type Terminal } from './terminal.ts'

/** Runs the command line of this process and leaves the exit code in `process.exitCode`. */
export async function runOnProcess(): Promise<void> {
  const terminal = guarded(processTerminal())
  guardProcess(terminal)
  process.exitCode = await run(process.argv.slice(2), terminal)
}

/** What libraries and Node itself write to the process passes the guard as well: warnings, and the end by a defect. */
function guardProcess({ stdout, stderr }: Terminal): void {
  globalThis.console = new Console(stdout, stderr)
  process.on('uncaughtException', (error) => {
    stderr.write(failureText(error, stderr))
    process.exit(2)
  })
  const emitWarning = process.emitWarning as (...args: unknown[]) => void
  process.emitWarning = (warning: unknown, ...rest: unknown[]) => {
    // Node 22 calls its SQLite experimental each time it is loaded; users of a rule checker can do nothing about it.
    if (String(warning).startsWith('SQLite is an experimental feature')) return
    emitWarning.call(process, typeof warning === 'string' ? visible(warning) : warning, ...rest)
  }
}

/** The streams of this process, not guarded. */
export function processTerminal(): Terminal {
  const stop = new AbortController()
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader went away (`| head`): what was asked for has been read, so this is no failure.
      if (error.code !== 'EPIPE') throw error
      stop.abort()
    })
  }
  let listening = false
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
  }
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    interrupted() {
      if (!listening) {
        process.on('SIGINT', interrupt)
        process.on('SIGTERM', interrupt)
      }
      listening = true
      return stop.signal
    },
  }
}
