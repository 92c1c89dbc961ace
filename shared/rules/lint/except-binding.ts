import { atomsOf } from '../walk.ts'
import { bindsSpans } from './cases.ts'
import { boundIn } from './joins.ts'
import type { Lint } from './warning.ts'

/** An exception that does not ask about the span that is bound excuses every span of the trace. */
export const reportExceptWithoutBinding: Lint =
  () =>
  ({ rule: { body } }, report) => {
    if (body.kind === 'pattern' || body.except === undefined || !bindsSpans(body.when)) return
    if (boundIn(body.except).size > 0) return
    const names = atomsOf(body.when).flatMap((atom) => (atom.kind === 'has' && atom.as ? [atom.as.name] : []))
    const [name = ''] = names
    report({
      code: 'except-ignores-binding',
      message: `this excuses the whole trace, whichever span ${names.join(' and ')} ${names.length > 1 ? 'are' : 'is'}`,
      hint: `ask about ${name}, as in ${name}.key == value, or write "and not …" in when if it is about the trace`,
      range: body.except.range,
    })
  }
