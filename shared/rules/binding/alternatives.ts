import type { Formula, Variable } from './formula.ts'

/** For some span of each variable, every part holds. */
export interface Alternative {
  readonly variables: readonly Variable[]
  readonly parts: readonly Part[]
}

/** What an alternative keeps whole: no `and`, and `or` only where taking it apart would make too many alternatives. */
type Part = Exclude<Formula, { readonly kind: 'and' }>

/** More alternatives than this cost more than they save. */
const MAX_ALTERNATIVES = 16

/** A formula as alternatives; one must hold. An index can then answer the joins inside each alternative. */
export function alternativesOf(formula: Formula): readonly Alternative[] {
  switch (formula.kind) {
    case 'or':
      return formula.parts.flatMap(alternativesOf)
    case 'and':
      return formula.parts.map(alternativesOrWhole).reduce(combined, [{ variables: [], parts: [] }])
    case 'some':
      if (formula.negated) return [{ variables: [], parts: [formula] }]
      return alternativesOf(formula.body).map(({ variables, parts }) => ({
        variables: [...formula.variables, ...variables],
        parts,
      }))
    default:
      return [{ variables: [], parts: [formula] }]
  }
}

interface Choice {
  readonly alternatives: readonly Alternative[]
  /** The same in one piece. */
  readonly whole: Part | undefined
}

function alternativesOrWhole(formula: Formula): Choice {
  return { alternatives: alternativesOf(formula), whole: formula.kind === 'or' ? formula : undefined }
}

function combined(left: readonly Alternative[], { alternatives, whole }: Choice): readonly Alternative[] {
  const isTooMany = whole !== undefined && left.length * alternatives.length > MAX_ALTERNATIVES
  const right = isTooMany ? [{ variables: [], parts: [whole] }] : alternatives
  return left.flatMap((one) =>
    right.map((other) => ({
      variables: [...one.variables, ...other.variables],
      parts: [...one.parts, ...other.parts],
    })),
  )
}
