import type { Condition, Selector, Test } from '../ast.ts'
import { holdsWithoutSpans, lookupsOfTest } from '../compile/requirement.ts'
import { holdsOfEveryTrace } from './fires-always.ts'
import type { Lint } from './warning.ts'

/** A rule that fires on a trace without any of its names signals on traces that it is not about. */
export const reportFiringWithoutNames: Lint =
  () =>
  ({ rule, violation }, report) => {
    const { body } = rule
    const condition = body.kind === 'pattern' ? body.condition : body.when
    if (truthWithoutNames(violation) !== true || holdsOfEveryTrace(violation)) return
    report({
      code: 'fires-without-names',
      message: 'this rule fires on every trace that holds none of the spans it names',
      hint: 'join what makes the rule apply with "and", as in trace.has(…), or trace.has(any) if it is every trace',
      range: condition.range,
    })
  }

/** Whether a condition holds where no span has a name that it names; undefined where that depends on more. */
function truthWithoutNames(condition: Condition): boolean | undefined {
  switch (condition.kind) {
    case 'not': {
      const truth = truthWithoutNames(condition.operand)
      return truth === undefined ? undefined : !truth
    }
    case 'and':
    case 'or': {
      const deciding = condition.kind === 'or'
      const truths = condition.operands.map(truthWithoutNames)
      if (truths.includes(deciding)) return deciding
      return truths.includes(undefined) ? undefined : !deciding
    }
    case 'has':
    case 'all':
      return isNamed(condition.selector) ? condition.kind === 'all' : undefined
    case 'order':
    case 'structure': {
      const sides = [condition.left, condition.right]
      // A name is bound only once the condition that binds it has found a span.
      return sides.some((side) => side.kind === 'selector' && isNamed(side)) ? false : undefined
    }
    case 'boundWhere':
      return undefined
    default:
      return truthOfTest(condition)
  }
}

function truthOfTest(test: Test): boolean | undefined {
  const selectors = lookupsOfTest(test).flatMap((operand) => ('selector' in operand ? [operand.selector] : []))
  return selectors.every(isNamed) ? holdsWithoutSpans(test) : undefined
}

/** `any` is not a name. */
function isNamed({ name }: Selector): boolean {
  return name.kind === 'exact' || (name.kind === 'glob' && /[^*]/.test(name.pattern))
}
