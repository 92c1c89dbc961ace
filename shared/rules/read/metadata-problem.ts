import type { SourceRange } from '../../errors.ts'
import type { TextProblem } from '../problem.ts'

/** What is wrong with a `// Key: value` line. */
export function malformed(range: SourceRange, message: string, hint: string): TextProblem {
  return { code: 'malformed-metadata', message, hint, range }
}
