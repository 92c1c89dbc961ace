import type { Condition, Filter, Selector } from '../ast.ts'
import { lookupsOfTest } from '../compile/requirement.ts'
import { printCondition } from '../print/print.ts'
import { type Claim, casesOf, filterCases } from './cases.ts'
import { contradiction, isImpossible } from './contradiction.ts'
import type { Lint, Warning } from './warning.ts'

/** What can never hold, and rules that can never fire for it. */
export const reportContradictions: Lint =
  () =>
  ({ rule, conditions, violated, neverFires }, report) => {
    const found: Warning[] = []
    for (const condition of conditions) visit(condition, (warning) => found.push(warning))
    if (!neverFires) return found.forEach(report)
    if (found.length > 0) {
      return found.forEach((warning) => {
        report({ ...warning, code: 'never-fires', message: `the rule can never fire: ${warning.message}` })
      })
    }
    const claims = violated?.map(contradiction).find((each) => each !== undefined) ?? []
    report({
      code: 'never-fires',
      message: `the rule can never fire: for that, ${claims.map(claimText).join(' and ')} would have to hold at once`,
      hint: 'change one of them, or remove the rule',
      range: rule.nameRange,
    })
  }

type Found = (warning: Warning) => void

/** Reports the smallest parts that can never hold; returns whether there are some. */
function visit(condition: Condition, found: Found): boolean {
  switch (condition.kind) {
    case 'not':
      return visit(condition.operand, found)
    case 'and':
    case 'or': {
      const inside = condition.operands.map((operand) => visit(operand, found)).includes(true)
      return inside || (condition.kind === 'and' && reportImpossible(casesOf(condition, true), found))
    }
    case 'has':
      return visitSelector(condition.selector, found)
    case 'all':
      return visitSelector(condition.selector, found) || visitFilters(condition.filters, found)
    case 'order':
    case 'structure': {
      const sides = [condition.left, condition.right]
      return sides.map((side) => side.kind === 'selector' && visitSelector(side, found)).includes(true)
    }
    case 'boundWhere':
      return visitSelector(condition, found)
    default: {
      const selectors = lookupsOfTest(condition).flatMap((operand) => ('selector' in operand ? [operand.selector] : []))
      const inside = selectors.map((selector) => visitSelector(selector, found)).includes(true)
      return inside || reportImpossible([[{ atom: condition, holds: true }]], found)
    }
  }
}

function visitSelector({ filters, events = [] }: Pick<Selector, 'filters' | 'events'>, found: Found): boolean {
  const inside = [visitFilters(filters, found), ...events.map((event) => visitFilters(event.filters, found))]
  return inside.includes(true)
}

function visitFilters(filters: readonly Filter[], found: Found): boolean {
  const inside = filters.map((filter) => visit(filter, found)).includes(true)
  return inside || (filters.length > 1 && reportImpossible(filterCases(filters, true), found))
}

function reportImpossible(cases: readonly (readonly Claim[])[] | undefined, found: Found): boolean {
  const claims = isImpossible(cases) ? cases?.map(contradiction).find((each) => each !== undefined) : undefined
  const last = claims?.at(-1)
  if (claims === undefined || last === undefined) return false
  const alone = claims.length === 1
  found({
    code: 'never-holds',
    message: alone
      ? `${claimText(last)} can never hold`
      : `${claims.map(claimText).join(' and ')} can never hold of one value`,
    hint: alone ? 'correct the comparison, or remove it' : 'write "or" where either may hold, or remove one of them',
    range: last.atom.range,
  })
  return true
}

const SHOWN = 80

/** A claim in its own words. */
function claimText({ atom, holds }: Claim): string {
  const text = printCondition(atom)
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
  return holds ? shown : `not ${shown}`
}
