import type { ByteSource } from './read-footer.ts'

/** An object as a listing names it. */
export interface StoredObject {
  readonly key: string
  readonly byteLength: number
  /** Milliseconds since 1970. */
  readonly storedAtMs: number
}

/** Where archive objects lie: a folder, a bucket. Keys hash the content, so an object never changes under its key. */
export interface ObjectStore {
  /** Objects whose key starts with the prefix, by key; a store of many may end once it has more than `enough`. */
  list(prefix: string, enough?: number): Promise<readonly StoredObject[]>
  /** Reads fail with ObjectGone where the object is deleted. */
  open(object: StoredObject): ByteSource
  /** Resolved means durable; there or not, never in part. */
  put(key: string, bytes: Uint8Array): Promise<void>
  /** Deleting what is gone changes nothing. */
  delete(key: string): Promise<void>
  /** Keys of attributes, or patterns of them. The catalogues of its objects repeat no values of these. */
  redacted(): Promise<readonly string[]>
}

/** The object was deleted after it was listed: another one has taken over its content, so list again. */
export class ObjectGone extends Error {
  override readonly name = 'ObjectGone'
  readonly key: string

  constructor(key: string) {
    super(`${key} is gone`)
    this.key = key
  }
}
