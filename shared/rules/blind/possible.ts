import type { CheckedRule } from '../ast.ts'
import { readCondition } from './weaken.ts'

/**
 * The body that is violated wherever some values of missing attributes violate the given one. The same object for a rule
 * that compares no attribute, or asks just whether it is there: such a rule is never blind.
 */
export function possibleBody(body: CheckedRule['body']): CheckedRule['body'] {
  if (body.kind === 'pattern') {
    const condition = readCondition(body.condition, 'possible')
    return condition === body.condition ? body : { ...body, condition }
  }
  const { when, always, never, except } = body
  const read = {
    when: readCondition(when, 'possible'),
    ...(always !== undefined && { always: readCondition(always, 'certain') }),
    ...(never !== undefined && { never: readCondition(never, 'possible') }),
    ...(except !== undefined && { except: readCondition(except, 'certain') }),
  }
  const isSame = read.when === when && read.always === always && read.never === never && read.except === except
  return isSame ? body : { ...body, ...read }
}
