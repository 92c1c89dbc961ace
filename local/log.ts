import type { Log } from '../shared/pipeline/ports.ts'
import { jsonText, visible } from '../shared/text/visible.ts'

/** Writes what operators should know as one line of text each, on standard error unless told: `level message key=value …`. */
export function textLog(
  write: (line: string) => void = (line) => process.stderr.write(line),
  levels: readonly Parameters<Log>[0][] = ['warn', 'error'],
): Log {
  return (level, message, fields = {}) => {
    if (!levels.includes(level)) return
    const written = Object.entries(fields).map(([key, value]) => ` ${plain(key)}=${plain(String(value))}`)
    write(`${level} ${visible(message)}${written.join('')}\n`)
  }
}

const MAX_REMEMBERED = 1_000

/**
 * The same line is written once in a while, 30 seconds unless told: what is tried again several times a second must not fill a disk that is
 * full already. Warnings are the same whatever trace they name; errors are not.
 */
export function sparingLog(log: Log, stopwatch: () => number = () => performance.now(), repeatMs = 30_000): Log {
  const written = new Map<string, { readonly atMs: number; left: number }>()
  return (level, message, fields = {}) => {
    const key = [level, message, fields.reason, fields.webhook, level === 'error' ? fields.traceId : ''].join('\n')
    const last = written.get(key)
    const nowMs = stopwatch()
    if (last !== undefined && nowMs - last.atMs < repeatMs) {
      last.left++
      return
    }
    if (written.size >= MAX_REMEMBERED) written.clear()
    written.set(key, { atMs: nowMs, left: 0 })
    log(level, message, last === undefined || last.left === 0 ? fields : { ...fields, repeated: last.left })
  }
}

function plain(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : jsonText(text)
}
