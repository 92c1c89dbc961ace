import type { Span } from '../syntax.ts'
import { type Reading, report } from './reading.ts'

/** Reports a construct of the language that the judge does not know yet. */
export function reportUnsupported(reading: Reading, span: Span, construct: string): undefined {
  return report(
    reading,
    span,
    'unsupported-feature',
    `${construct} is not judged by this version yet`,
    'write the rule without it, or keep the rule out until a later version',
  )
}
