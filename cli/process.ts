import { run } from './program.ts'
import type { Terminal } from './terminal.ts'

/** Runs the command line of this process and leaves the exit code in `process.exitCode`. */
export async function runOnProcess(): Promise<void> {
  process.exitCode = await run(process.argv.slice(2), processTerminal())
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
