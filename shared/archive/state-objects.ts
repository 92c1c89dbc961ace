import { createHash } from 'node:crypto'
import type { ObjectStore, StoredObject } from './object-store.ts'

/** Where summaries of what rules found in an hour lie, beside the traces. */
export const STATES_PREFIX = 'states/'

/** `states/dt=2025-10-01/`, in UTC. */
export function statesDayPrefix(atMs: number): string {
  return `${STATES_PREFIX}dt=${new Date(atMs).toISOString().slice(0, 10)}/`
}

/** `states/dt=2025-10-01/hour=09/`, in UTC. */
function statesHourPrefix(atMs: number): string {
  return `${statesDayPrefix(atMs)}hour=${new Date(atMs).toISOString().slice(11, 13)}/`
}

/** The key of a summary of the hour of `atMs`: equal for equal content. */
function stateKey(atMs: number, bytes: Uint8Array): string {
  return `${statesHourPrefix(atMs)}${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}.json`
}

/** The newest summary of each hour among the listed objects, by hour in milliseconds since 1970. */
export function newestStates(listed: readonly StoredObject[]): ReadonlyMap<number, StoredObject> {
  const newest = new Map<number, StoredObject>()
  for (const object of listed) {
    const [, date, hour] = /^states\/dt=(\d{4}-\d\d-\d\d)\/hour=(\d\d)\/[0-9a-f]{32}\.json$/.exec(object.key) ?? []
    const hourMs = Date.parse(`${date}T${hour}:00:00Z`)
    if (Number.isNaN(hourMs)) continue
    if (object.storedAtMs >= (newest.get(hourMs)?.storedAtMs ?? 0)) newest.set(hourMs, object)
  }
  return newest
}

/** Writes the summary of an hour, then deletes those before it; a reader finds one of them at any moment. */
export async function replaceState(store: ObjectStore, hourMs: number, bytes: Uint8Array): Promise<void> {
  const key = stateKey(hourMs, bytes)
  await store.put(key, bytes)
  for (const other of await store.list(statesHourPrefix(hourMs))) {
    if (other.key !== key) await store.delete(other.key)
  }
}

/** Deletes what is summarised of an hour. */
export async function deleteStates(store: ObjectStore, hourMs: number): Promise<void> {
  for (const { key } of await store.list(statesHourPrefix(hourMs))) await store.delete(key)
}
