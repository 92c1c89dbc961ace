import { type ForgetOptions, type ForgottenHours, forgetArchived } from '../../local/maintenance/forget.ts'
import { type ForgottenBeside, forgetBeside } from '../../shared/aws/archive/forget-stored.ts'
import { dynamoClient } from '../../shared/aws/clients.ts'
import { PATIENT } from '../../shared/aws/until-taken.ts'
import { storeOf } from './archive.ts'
import { outputsOf } from './stack-option.ts'

/** Removes traces from all that a deployed stack keeps, with the rights of who runs it. */
export async function forgetOnStack(
  stack: string,
  options: Omit<ForgetOptions, 'dataFolder' | 'nowMs'>,
): Promise<ForgottenHours & ForgottenBeside> {
  const outputs = await outputsOf({ stack })
  const store = storeOf(outputs)
  const found = await forgetArchived(store, options)
  if (options.dryRun) return { ...found, signals: 0, items: 0, reports: 0 }
  const { forgotten } = options
  const traceIds = forgotten.kind === 'trace' ? [forgotten.traceId] : found.traceIds
  const beside = await forgetBeside(store, { client: dynamoClient(), name: outputs.table, backoff: PATIENT }, traceIds)
  return { ...found, ...beside }
}
