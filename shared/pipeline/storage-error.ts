type StorageFailure =
  /** The store asked us to slow down. */
  | 'throttled'
  /** It did not answer, or answered that it cannot now. */
  | 'unavailable'
  /** No room left: disk or quota. */
  | 'full'
  | 'read-only'
  | 'denied'
  /** What is stored is damaged, or no format this version reads. */
  | 'corrupt'
  /** One item is larger than the store can hold. */
  | 'too-large'

/** The failures that may pass without anybody doing something. */
const TRANSIENT: ReadonlySet<StorageFailure> = new Set(['throttled', 'unavailable', 'full'])

/** A store failed; `transient` says that the same call may succeed later, otherwise a person has to act (`hint`). */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageFailure
  readonly transient: boolean
  readonly hint: string | undefined

  constructor(
    code: StorageFailure,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.transient = TRANSIENT.has(code)
    this.hint = options.hint
  }
}
