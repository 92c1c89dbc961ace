import { ObjectGone, type ObjectStore, type StoredObject } from '../../shared/archive/object-store.ts'

/** An archive in memory that remembers what was read of it. */
export interface MemoryStore extends ObjectStore {
  readonly objects: Map<string, Uint8Array>
  /** Bytes read of each object. */
  readonly reads: Map<string, number>
}

export function memoryStore(nowMs: () => number = () => 0, redact: readonly string[] = []): MemoryStore {
  const objects = new Map<string, Uint8Array>()
  const storedAt = new Map<string, number>()
  const reads = new Map<string, number>()
  return {
    objects,
    reads,
    async list(prefix) {
      const found: StoredObject[] = []
      for (const [key, bytes] of objects) {
        if (key.startsWith(prefix)) found.push({ key, byteLength: bytes.length, storedAtMs: storedAt.get(key) ?? 0 })
      }
      return found.sort((a, b) => (a.key < b.key ? -1 : 1))
    },
    open: ({ key, byteLength }) => ({
      byteLength,
      async read(start, end) {
        const bytes = objects.get(key)
        if (bytes === undefined) throw new ObjectGone(key)
        reads.set(key, (reads.get(key) ?? 0) + end - start)
        return Buffer.from(bytes.slice(start, end))
      },
    }),
    async put(key, bytes) {
      objects.set(key, bytes.slice())
      storedAt.set(key, nowMs())
    },
    async delete(key) {
      objects.delete(key)
    },
    redacted: async () => redact,
  }
}

/** The error that stops a process which dies. */
export class Died extends Error {}

/** The store as seen by a process that dies in place of its write number `writes` + 1. */
export function mortalStore(store: ObjectStore, writes: number): ObjectStore {
  let left = writes
  const live = () => {
    if (left-- <= 0) throw new Died()
  }
  return {
    ...store,
    async put(key, bytes) {
      live()
      await store.put(key, bytes)
    },
    async delete(key) {
      live()
      await store.delete(key)
    },
  }
}
