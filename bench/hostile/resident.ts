import { readFileSync, writeFileSync } from 'node:fs'

/** Resident memory of a process, in bytes: now, or the most since `forgetPeak`. Linux alone tells. */
export function residentBytes(pid: number | 'self', what: 'now' | 'peak'): number {
  const field = what === 'now' ? 'VmRSS' : 'VmHWM'
  const [, kilobytes = '0'] =
    new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

export function forgetPeak(pid: number | 'self'): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}
