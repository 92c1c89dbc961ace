import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { ObjectGone, type ObjectStore, type StoredObject } from '../archive/object-store.ts'
import type { ByteSource } from '../archive/read-footer.ts'
import { StorageError } from '../pipeline/storage-error.ts'
import { asked, storageFailure } from './aws-failure.ts'

export interface ArchiveBucket {
  readonly client: S3Client
  readonly name: string
}

/** A request takes as long as reading a megabyte does: smaller objects are read whole, at once. */
const WHOLE_READ_BYTES = 1024 * 1024

/** An archive in a bucket. Fails with StorageErrors, and with ObjectGone where an object was deleted. */
export function s3ObjectStore(bucket: ArchiveBucket): ObjectStore {
  const { client, name: Bucket } = bucket
  return {
    list: (prefix) => listAll(bucket, prefix),
    open: (object) => openObject(bucket, object),
    async put(Key, Body) {
      await asked('write to the archive', client.send(new PutObjectCommand({ Bucket, Key, Body })))
    },
    async delete(Key) {
      await asked('delete from the archive', client.send(new DeleteObjectCommand({ Bucket, Key })))
    },
  }
}

async function listAll({ client, name: Bucket }: ArchiveBucket, Prefix: string): Promise<readonly StoredObject[]> {
  const objects: StoredObject[] = []
  let token: string | undefined
  do {
    const page = new ListObjectsV2Command({ Bucket, Prefix, ...(token !== undefined && { ContinuationToken: token }) })
    const { Contents = [], NextContinuationToken } = await asked('list the archive', client.send(page))
    for (const { Key = '', Size = 0, LastModified } of Contents) {
      objects.push({ key: Key, byteLength: Size, storedAtMs: LastModified?.getTime() ?? 0 })
    }
    token = NextContinuationToken
  } while (token !== undefined)
  return objects
}

function openObject(bucket: ArchiveBucket, { key, byteLength }: StoredObject): ByteSource {
  let whole: Promise<Buffer> | undefined
  return {
    byteLength,
    async read(start, end) {
      if (start >= end) return Buffer.alloc(0)
      if (byteLength > WHOLE_READ_BYTES) return readPart(bucket, key, start, end)
      whole ??= readPart(bucket, key, 0, byteLength)
      return (await whole).subarray(start, end)
    },
  }
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
