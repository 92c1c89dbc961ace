import { run } from './program.ts'
import type { Terminal } from './terminal.ts'

/** Runs the command line of this process and leaves the exit code in `process.exitCode`. */
export async function runOnProcess(): Promise<void> {
  silenceSqliteWarning()
  process.exitCode = await run(process.argv.slice(2), processTerminal())
}

/** Node 22 calls its SQLite experimental each time it is loaded; users of a rule checker can do nothing about it. */
function silenceSqliteWarning(): void {
  const emitWarning = process.emitWarning as (...args: unknown[]) => void
  process.emitWarning = (...args: unknown[]) => {
    if (!String(args[0]).startsWith('SQLite is an experimental feature')) emitWarning.apply(process, args)
  }
}

function processTerminal(): Terminal {
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
