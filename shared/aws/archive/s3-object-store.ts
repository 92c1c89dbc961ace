import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { ObjectGone, type ObjectStore, type StoredObject } from '../../archive/object-store.ts'
import { StorageError } from '../../pipeline/storage-error.ts'
import { asked, storageFailure } from '../aws-failure.ts'

export interface ArchiveBucket {
  readonly client: S3Client
  readonly name: string
}

/** A request takes as long as reading a megabyte does: smaller objects are read whole, at once. */
const WHOLE_READ_BYTES = 1024 * 1024
/** Of small objects held, because they are read several times: for their end, their ids, their columns. */
const HELD_BYTES = 128 * 1024 * 1024

/** An archive in a bucket; its catalogues repeat no values of the keys in `redact`. Fails with StorageErrors, and with ObjectGone where an object was deleted. */
export function s3ObjectStore(bucket: ArchiveBucket, redact: readonly string[] = []): ObjectStore {
  const { client, name: Bucket } = bucket
  const small = newHolder((object) => readPart(bucket, object.key, 0, object.byteLength))
  return {
    list: (prefix, enough) => listAll(bucket, prefix, enough),
    open: (object) => ({
      byteLength: object.byteLength,
      async read(start, end) {
        if (start >= end) return Buffer.alloc(0)
        if (object.byteLength > WHOLE_READ_BYTES) return readPart(bucket, object.key, start, end)
        return (await small(object)).subarray(start, end)
      },
    }),
    async put(Key, Body) {
      await asked('write to the archive', client.send(new PutObjectCommand({ Bucket, Key, Body })))
    },
    async delete(Key) {
      await asked('delete from the archive', client.send(new DeleteObjectCommand({ Bucket, Key })))
    },
    redacted: async () => redact,
  }
}

/** Holds what was read last, up to a size; what failed is asked for again. */
function newHolder(read: (object: StoredObject) => Promise<Buffer>): (object: StoredObject) => Promise<Buffer> {
  const held = new Map<StoredObject, Promise<Buffer>>()
  let bytes = 0
  const drop = (object: StoredObject) => {
    if (held.delete(object)) bytes -= object.byteLength
  }
  return (object) => {
    const known = held.get(object)
    if (known !== undefined) return known
    const reading = read(object).catch((error) => {
      drop(object)
      throw error
    })
    held.set(object, reading)
    bytes += object.byteLength
    for (const oldest of held.keys()) {
      if (bytes <= HELD_BYTES || oldest === object) break
      drop(oldest)
    }
    return reading
  }
}

async function listAll(
  { client, name: Bucket }: ArchiveBucket,
  Prefix: string,
  enough = Number.POSITIVE_INFINITY,
): Promise<readonly StoredObject[]> {
  const objects: StoredObject[] = []
  let token: string | undefined
  do {
    const page = new ListObjectsV2Command({ Bucket, Prefix, ...(token !== undefined && { ContinuationToken: token }) })
    const { Contents = [], NextContinuationToken } = await asked('list the archive', client.send(page))
    for (const { Key = '', Size = 0, LastModified } of Contents) {
      objects.push({ key: Key, byteLength: Size, storedAtMs: LastModified?.getTime() ?? 0 })
    }
    token = objects.length > enough ? undefined : NextContinuationToken
  } while (token !== undefined)
  return objects
}

async function readPart({ client, name }: ArchiveBucket, key: string, start: number, end: number): Promise<Buffer> {
  const get = new GetObjectCommand({ Bucket: name, Key: key, Range: `bytes=${start}-${end - 1}` })
  try {
    const { Body } = await client.send(get)
    const bytes = Buffer.from((await Body?.transformToByteArray()) ?? [])
    if (bytes.length === end - start) return bytes
  } catch (cause) {
    if ((cause as Error).name === 'NoSuchKey') throw new ObjectGone(key)
    throw storageFailure('read the archive', cause)
  }
  throw new StorageError('unavailable', `${key} broke off while it was read`)
}
