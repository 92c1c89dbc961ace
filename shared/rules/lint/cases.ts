import type { Atom, Condition, Filter, Invariant, Pattern } from '../ast.ts'

/** A part of a condition that is not `and`, `or` or `not`, and whether it is to hold. */
export interface Claim {
  readonly atom: Atom
  readonly holds: boolean
}

/** More ways than this for a condition to hold are not looked into. */
const MAX_CASES = 64
/** Nor is one of more claims: each is compared with every other. */
export const MAX_CLAIMS = 200

/** Ways in which something can hold: in each, all of its claims. Undefined where there are too many. */
export type Cases = readonly (readonly Claim[])[] | undefined

/** The ways in which a condition can hold, or not hold. */
export function casesOf(condition: Condition, holds: boolean): Cases {
  // That no span can be bound so says nothing of the one that is bound elsewhere.
  if (!holds && bindsSpans(condition)) return [[]]
  switch (condition.kind) {
    case 'not':
      return casesOf(condition.operand, !holds)
    case 'and':
    case 'or': {
      const parts = condition.operands.map((operand) => casesOf(operand, holds))
      return (condition.kind === 'and') === holds ? allOf(parts) : oneOf(parts)
    }
    default:
      return [[{ atom: condition, holds }]]
  }
}

/** Whether a condition gives a name to a span. */
export function bindsSpans(condition: Condition): boolean {
  switch (condition.kind) {
    case 'not':
      return bindsSpans(condition.operand)
    case 'and':
    case 'or':
      return condition.operands.some(bindsSpans)
    default:
      return condition.kind === 'has' && condition.as !== undefined
  }
}

/** The ways in which conditions hold together. */
export function allOf(parts: readonly Cases[]): Cases {
  let cases: readonly (readonly Claim[])[] = [[]]
  for (const part of parts) {
    if (part === undefined || part.length * cases.length > MAX_CASES) return undefined
    cases = joined(cases, part)
    if (cases.some((claims) => claims.length > MAX_CLAIMS)) return undefined
  }
  return cases
}

/** Each of the one with each of the other. */
function joined(cases: NonNullable<Cases>, part: NonNullable<Cases>): NonNullable<Cases> {
  const [before] = cases
  // Most begin so: nothing is copied.
  if (cases.length === 1 && before?.length === 0) return part
  return cases.flatMap((some) => part.map((claims) => [...some, ...claims]))
}

/** The ways in which one of several conditions holds. */
function oneOf(parts: readonly Cases[]): Cases {
  const cases: (readonly Claim[])[] = []
  for (const part of parts) {
    if (part === undefined || cases.length + part.length > MAX_CASES) return undefined
    cases.push(...part)
  }
  return cases
}

/** What holds of the traces that violate a rule. */
export function violation(body: Pattern | Invariant): Condition {
  if (body.kind === 'pattern') return body.condition
  const { when, always, never, except, range } = body
  const negated = (operand: Condition): Condition => ({ kind: 'not', operand, range })
  const broken = [always && negated(always), never].filter((condition) => condition !== undefined)
  const parts = [when, except && negated(except), { kind: 'or', operands: broken, range } as const]
  return { kind: 'and', operands: parts.filter((condition) => condition !== undefined), range }
}

/** The ways in which filters hold of one span. */
export function filterCases(filters: readonly Filter[], holds: boolean): Cases {
  const parts = filters.map((filter) => casesOf(filter, holds))
  return holds ? allOf(parts) : oneOf(parts)
}
