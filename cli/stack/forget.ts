import { type ForgetOptions, type ForgottenHours, forgetArchived } from '../../local/maintenance/forget.ts'
import { type ForgottenBeside, forgetBeside } from '../../shared/aws/archive/forget-stored.ts'
import { s3ObjectStore } from '../../shared/aws/archive/s3-object-store.ts'
import { dynamoClient, s3Client } from '../../shared/aws/clients.ts'
import { PATIENT } from '../../shared/aws/until-taken.ts'
import { outputsOf } from './stack-option.ts'

/** Removes traces from all that a deployed stack keeps, with the rights of who runs it. */
export async function forgetOnStack(
  stack: string,
  options: Omit<ForgetOptions, 'dataFolder' | 'nowMs'>,
): Promise<ForgottenHours & ForgottenBeside> {
  const { archiveBucket, table } = await outputsOf({ stack })
  const store = s3ObjectStore({ client: s3Client(), name: archiveBucket })
  const found = await forgetArchived(store, options)
  if (options.dryRun) return { ...found, signals: 0, items: 0, reports: 0 }
  const { forgotten } = options
  const traceIds = forgotten.kind === 'trace' ? [forgotten.traceId] : found.traceIds
  const beside = await forgetBeside(store, { client: dynamoClient(), name: table, backoff: PATIENT }, traceIds)
  return { ...found, ...beside }
}
