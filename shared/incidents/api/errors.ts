import { InputError } from '../../errors.ts'

export type IncidentErrorCode =
  | 'not-json'
  | 'bad-query'
  | 'bad-end'
  | 'bad-mute'
  | 'no-such-incident'
  | 'ambiguous-incident'
  | 'not-open'
  | 'no-such-mute'
  | 'mute-of-file'
  | 'too-many-mutes'

/** What to throw for a request about incidents or mutes that cannot be served. */
export function incidentError(code: IncidentErrorCode, message: string, hint: string) {
  return new InputError<IncidentErrorCode>({ code, message, hint })
}
