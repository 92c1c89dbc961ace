import type { ObjectStore } from '../../shared/archive/object-store.ts'
import { s3ObjectStore } from '../../shared/aws/archive/s3-object-store.ts'
import { s3Client } from '../../shared/aws/clients.ts'
import { outputsOf } from './stack-option.ts'

/** The archive of a deployed stack. */
export async function archiveOfStack(stack: string): Promise<ObjectStore> {
  const { archiveBucket } = await outputsOf({ stack })
  return s3ObjectStore({ client: s3Client(), name: archiveBucket })
}
