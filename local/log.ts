import type { Clock, Log } from '../shared/pipeline/ports.ts'
import { jsonText, visible } from '../shared/text/visible.ts'

export const LOG_FORMATS = ['text', 'json'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

interface LineLogOptions {
  readonly format?: LogFormat
  /** Standard error unless told. */
  readonly write?: (line: string) => void
  /** Warnings and errors unless told. */
  readonly levels?: readonly Parameters<Log>[0][]
  readonly clock?: Clock
}

/**
 * Writes what operators should know as one line each: `time level message key=value …`, or a JSON object with `time`,
 * `level`, `message` and the fields. Times are RFC 3339, UTC.
 */
export function lineLog(options: LineLogOptions = {}): Log {
  const { format = 'text', levels = ['warn', 'error'], clock = Date.now } = options
  const { write = (line) => process.stderr.write(line) } = options
  return (level, message, fields = {}) => {
    if (!levels.includes(level)) return
    const time = new Date(clock()).toISOString()
    if (format === 'json') return write(`${jsonText({ time, level, message, ...fields })}\n`)
    const written = Object.entries(fields).map(([key, value]) => ` ${plain(key)}=${plain(String(value))}`)
    write(`${time} ${level} ${visible(message)}${written.join('')}\n`)
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
