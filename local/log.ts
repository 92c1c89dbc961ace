import type { Log } from '../shared/pipeline/ports.ts'

/** Writes what operators should know as one line of text each: `level message key=value …`. */
export function textLog(write: (line: string) => void, levels: readonly Parameters<Log>[0][] = ['warn', 'error']): Log {
  return (level, message, fields = {}) => {
    if (!levels.includes(level)) return
    const written = Object.entries(fields).map(([key, value]) => ` ${key}=${plain(String(value))}`)
    write(`${level} ${message}${written.join('')}\n`)
  }
}

function plain(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : JSON.stringify(text)
}
