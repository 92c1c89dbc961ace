type ObjectFailure =
  /** The object is not a Parquet object written by BeTrace, or is damaged: a page that does not inflate, a text that is not JSON. */
  | 'corrupt'
  /** Its format is newer than this version reads. */
  | 'unknown-format'

/** An archive object cannot be read; whoever reads it says which one it was and goes on with the rest. */
export class ArchiveObjectError extends Error {
  override readonly name = 'ArchiveObjectError'
  readonly code: ObjectFailure

  constructor(code: ObjectFailure, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

export function corruptText(position: number): ArchiveObjectError {
  return new ArchiveObjectError('corrupt', `a JSON text breaks off or goes wrong at byte ${position}`)
}
