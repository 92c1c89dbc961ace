import { InputError } from '../errors.ts'

export type ExperimentErrorCode =
  | 'not-json'
  | 'bad-experiment'
  | 'token-not-replaced'
  | 'unknown-status'
  | 'no-such-experiment'
  | 'too-many-events'
  | 'bad-query'
  | 'window-too-long'

/** What to throw for input about experiments that cannot be used. */
export function experimentError(code: ExperimentErrorCode, message: string, hint: string) {
  return new InputError<ExperimentErrorCode>({ code, message, hint })
}
