import { createHash } from 'node:crypto'

export const HOUR_MS = 3_600_000
export const SPANS_PREFIX = 'spans/'

/** An object of `compacted` may replace others; a plan has to look into it before it reads those. */
export type ObjectOrigin = 'written' | 'compacted'

/** The key of an object whose traces are filed in the hour of `atMs`: equal for equal content. */
export function objectKey(atMs: number, bytes: Uint8Array, origin: ObjectOrigin): string {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 32)
  return `${hourPrefix(atMs)}${origin === 'compacted' ? 'c' : 'w'}-${hash}.parquet`
}

/** `spans/dt=2025-10-01/hour=09/`, in UTC. */
export function hourPrefix(atMs: number): string {
  const iso = new Date(atMs).toISOString()
  return `${dayPrefix(atMs)}hour=${iso.slice(11, 13)}/`
}

/** `spans/dt=2025-10-01/`, in UTC. */
export function dayPrefix(atMs: number): string {
  return `${SPANS_PREFIX}dt=${new Date(atMs).toISOString().slice(0, 10)}/`
}

/** The parts of an object key; undefined for a key that BeTrace does not write. */
export function parseObjectKey(key: string): { readonly hourMs: number; readonly origin: ObjectOrigin } | undefined {
  const parts = /^spans\/dt=(\d{4}-\d\d-\d\d)\/hour=(\d\d)\/([cw])-[0-9a-f]{32}\.parquet$/.exec(key)
  if (parts === null) return undefined
  const hourMs = Date.parse(`${parts[1]}T${parts[2]}:00:00Z`)
  return Number.isNaN(hourMs) ? undefined : { hourMs, origin: parts[3] === 'c' ? 'compacted' : 'written' }
}
