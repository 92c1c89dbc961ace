import { StorageError } from '../pipeline/storage-error.ts'

const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded|ProvisionedThroughputExceeded|SlowDown/
/** Answers of status 4xx that say nothing against the request: somebody else was at it, or it came too slowly. */
const IN_THE_WAY = /Transaction(Conflict|InProgress)|ReplicatedWriteConflict|RequestTimeout|OperationAborted/
const DENIED = /AccessDenied|NotAuthorized|AuthorizationError|KMSAccessDenied/

/** The parts of an SDK's error that say what kind of failure it was; all may be absent (a socket that broke). */
interface ServiceFault {
  readonly name?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
}

/** Awaits a call to AWS; whatever it rejects with becomes a StorageError that says what we were doing. */
export async function asked<Output>(action: string, call: Promise<Output>): Promise<Output> {
  try {
    return await call
  } catch (cause) {
    throw storageFailure(action, cause)
  }
}

/** Was the call refused because of its condition? */
export function conditionFailed(cause: unknown): boolean {
  return nameOf(cause) === 'ConditionalCheckFailedException'
}

/** Did the service ask us to slow down? */
export function wasThrottled(cause: unknown): boolean {
  return THROTTLED.test(nameOf(cause)) || (cause as ServiceFault).$metadata?.httpStatusCode === 429
}

/** An SDK's error as a StorageError; one that is a StorageError already stays as it is. */
export function storageFailure(action: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause
  const name = nameOf(cause)
  const message = `cannot ${action}: ${name}`
  if (wasThrottled(cause)) return new StorageError('throttled', message, { cause })
  if (DENIED.test(name)) {
    return new StorageError('denied', message, { cause, hint: 'the role lacks a permission: deploy the stack again' })
  }
  const status = (cause as ServiceFault).$metadata?.httpStatusCode
  const refused = status !== undefined && status >= 400 && status < 500 && status !== 408
  if (!refused || IN_THE_WAY.test(name)) return new StorageError('unavailable', message, { cause })
  return new StorageError('denied', message, {
    cause,
    hint: 'AWS refuses the request itself: see the cause in the log',
  })
}

function nameOf(cause: unknown): string {
  return (cause as ServiceFault | undefined)?.name ?? 'unknown failure'
}
