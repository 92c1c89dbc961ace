import { ObjectGone, type ObjectStore, type StoredObject } from '../../shared/archive/object-store.ts'

/** An archive in memory that remembers what was read of it. */
export interface MemoryStore extends ObjectStore {
  readonly objects: Map<string, Uint8Array>
  /** Bytes read of each object. */
  readonly reads: Map<string, number>
}

export function memoryStore(): MemoryStore {
  const objects = new Map<string, Uint8Array>()
  const reads = new Map<string, number>()
  return {
    objects,
    reads,
    async list(prefix) {
      const found: StoredObject[] = []
      for (const [key, bytes] of objects) if (key.startsWith(prefix)) found.push({ key, byteLength: bytes.length })
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
    },
    async delete(key) {
      objects.delete(key)
    },
  }
}
