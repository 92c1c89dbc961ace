import { Console } from 'node:console'
import { setImmediate } from 'node:timers/promises'
import { visible } from '../shared/text/visible.ts'
import { failureText, run } from './program.ts'
import { guarded, type Terminal } from './terminal.ts'

/**
 * Runs the command line of this process and leaves the exit code in `process.exitCode`. A command that a signal stopped
 * ends the process, whatever it has left under way; unless that is how it ends well, with the code that shells expect.
 */
export async function runOnProcess(): Promise<void> {
  const stoppable = processTerminal()
  const terminal = guarded(stoppable)
  guardProcess(terminal)
  const exitCode = await run(process.argv.slice(2), terminal)
  process.exitCode = exitCode
  const signal = stoppable.stoppedBy()
  if (signal !== undefined) process.exit(exitCode === 0 ? 0 : SIGNAL_CODES[signal])
}

/** 128 and the number of the signal. */
const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143 } as const

type StopSignal = keyof typeof SIGNAL_CODES

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

interface StoppableTerminal extends Terminal {
  /** The first signal that came since a command asked for signals. */
  stoppedBy(): StopSignal | undefined
}

/** The streams of this process, not guarded. */
export function processTerminal(): StoppableTerminal {
  const stop = new AbortController()
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader went away (`| head`): it has read all it wanted, so this is not a failure.
      if (error.code !== 'EPIPE') throw error
      stop.abort()
    })
  }
  let stoppedBy: StopSignal | undefined
  const interrupt = (signal: NodeJS.Signals) => {
    if (stoppedBy !== undefined) process.exit(SIGNAL_CODES[signal as StopSignal])
    stoppedBy = signal as StopSignal
    stop.abort()
  }
  const listen = () => {
    for (const signal of Object.keys(SIGNAL_CODES)) process.removeAllListeners(signal).on(signal, interrupt)
  }
  return {
    stoppedBy: () => stoppedBy,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    interrupted() {
      if (process.listenerCount('SIGTERM', interrupt) === 0) listen()
      return stop.signal
    },
    async blocking(work) {
      await setImmediate()
      // The system would drop a signal for the first process of a container.
      if (stop.signal.aborted || process.pid === 1) return work()
      for (const signal of Object.keys(SIGNAL_CODES)) process.off(signal, interrupt)
      try {
        return work()
      } finally {
        listen()
      }
    },
  }
}
