import type { Comparison, Operand } from '../ast.ts'
import { alternativesOf } from './alternatives.ts'
import type { Level } from './buckets.ts'
import { differingCandidates, differingCount } from './differing.ts'
import { type Holds, once } from './env.ts'
import type { Formula, FormulaLiteral, Variable } from './formula.ts'
import { type Check, type Joined, someJoined } from './joined.ts'
import { keysOf, kindsAsked, kindsOf } from './keys.ts'
import { planLiteral, planSides } from './literal.ts'
import { nextMemory, type Planner, type Planning } from './planner.ts'
import { namesUsed, readsOwn } from './references.ts'
import { relationCandidates, relationRange } from './relations.ts'

/** A part of a formula as a closure, with the slots of the variables that it is asked of. */
interface Planned {
  readonly free: ReadonlySet<number>
  readonly holds: Holds
  /** Where it may be answered from an index. */
  readonly literal: FormulaLiteral | undefined
}

export function newPlanning(planner: Planner, variables: Planning['variables']): Planning {
  const planning: Planning = {
    planner,
    variables,
    memories: 0,
    join: (variable, parts) =>
      joinOf(
        planning,
        variable,
        parts.flatMap(partsOf).map((part) => planPart(planning, part)),
      ),
  }
  return planning
}

function partsOf(formula: Formula): readonly Formula[] {
  return formula.kind === 'and' ? formula.parts.flatMap(partsOf) : [formula]
}

/** Whether a formula holds for the spans now chosen for its free variables. */
export function planFormula(planning: Planning, formula: Formula): Holds {
  const plans = alternativesOf(formula).map(({ variables, parts }) => planAll(planning, variables, parts))
  const [only] = plans
  return plans.length === 1 && only !== undefined ? only : (env) => plans.some((holds) => holds(env))
}

/**
 * For some span of each variable every part holds. One variable after the other is left out, the one that goes with the
 * fewest others first: that there is a span for it is then something to ask of those others.
 */
export function planAll(planning: Planning, variables: readonly Variable[], formulas: readonly Formula[]): Holds {
  let open = variables
  let parts: readonly Planned[] = formulas.map((part) => planPart(planning, part))
  while (open.length > 0) {
    const next = leastConnected(open, parts)
    const asked = parts.filter(({ free }) => free.has(next.slot))
    open = open.filter((variable) => variable !== next)
    const free = new Set(asked.flatMap((part) => [...part.free]).filter((slot) => slot !== next.slot))
    const holds = someJoined(joinOf(planning, next, asked))
    parts = [...parts.filter(({ free }) => !free.has(next.slot)), { free, holds, literal: undefined }]
  }
  const deciders = parts.map(({ holds }) => holds)
  return (env) => deciders.every((holds) => holds(env))
}

/** The variable connected with the fewest others; of several the last, so that spans are taken in the order bound. */
function leastConnected(variables: readonly Variable[], parts: readonly Planned[]): Variable {
  const slots = new Set(variables.map(({ slot }) => slot))
  const others = ({ slot }: Variable) =>
    new Set(parts.flatMap(({ free }) => (free.has(slot) ? [...free].filter((each) => slots.has(each)) : []))).size
  return variables.reduce((best, each) => (others(each) <= others(best) ? each : best))
}

function planPart(planning: Planning, part: Formula): Planned {
  const free = freeOf(part)
  if (isLiteral(part)) return { free, holds: planLiteral(planning, part), literal: part }
  const holds = planWhole(planning, part)
  return { free, holds: free.size === 0 ? once(nextMemory(planning), holds) : holds, literal: undefined }
}

function isLiteral(formula: Formula): formula is FormulaLiteral {
  return formula.kind !== 'and' && formula.kind !== 'or' && formula.kind !== 'some'
}

function planWhole(planning: Planning, part: Formula): Holds {
  switch (part.kind) {
    case 'and':
    case 'or': {
      const inner = part.parts.map((each) => planPart(planning, each).holds)
      return part.kind === 'and'
        ? (env) => inner.every((holds) => holds(env))
        : (env) => inner.some((holds) => holds(env))
    }
    case 'some': {
      const holds = planFormula(planning, { ...part, negated: false })
      return part.negated ? (env) => !holds(env) : holds
    }
    default:
      return planLiteral(planning, part)
  }
}

function freeOf(formula: Formula): ReadonlySet<number> {
  switch (formula.kind) {
    case 'and':
    case 'or':
      return new Set(formula.parts.flatMap((part) => [...freeOf(part)]))
    case 'some': {
      const own = new Set(formula.variables.map(({ slot }) => slot))
      return new Set([...freeOf(formula.body)].filter((slot) => !own.has(slot)))
    }
    default:
      return formula.free
  }
}

/** Sorts what is asked of a variable by how it can be answered. */
function joinOf(planning: Planning, variable: Variable, parts: readonly Planned[]): Joined {
  const alone: Holds[] = []
  const levels: Level[] = []
  const checks: Check[] = []
  for (const part of parts) {
    const sides = part.free.size > 1 ? comparedSides(planning, variable, part.literal) : undefined
    if (isAlone(part.free, variable)) alone.push(part.holds)
    else if (sides === undefined) checks.push({ holds: part.holds, ...relationOf(part, variable) })
    else if (sides.operator === '==' && !sides.negated) levels.push(equalLevel(sides))
    else {
      if (sides.operator === '!=') levels.push(kindLevel(sides))
      checks.push({
        holds: part.holds,
        candidates: differingCandidates(variable.slot, sides.own, sides.other),
        count: differingCount(variable.slot, sides.own, sides.other),
      })
    }
  }
  const predicate = planning.planner.predicate(variable.selector)
  return { slot: variable.slot, predicate, alone, levels, checks, memory: nextMemory(planning) }
}

function relationOf({ literal }: Planned, { slot }: Variable): Pick<Check, 'candidates' | 'range'> {
  if (literal?.kind !== 'relation') return {}
  const candidates = relationCandidates(literal, slot)
  return literal.negated ? { candidates } : { candidates, range: relationRange(literal, slot) }
}

type Sides = NonNullable<ReturnType<typeof comparedSides>>

/** Both sides of a comparison for equality, one of the variable's span alone, one of other variables alone. */
function comparedSides(planning: Planning, variable: Variable, literal: FormulaLiteral | undefined) {
  if (literal?.kind !== 'test' || literal.test.kind !== 'comparison') return undefined
  const { test, own, negated } = literal
  const isIndexed = test.operator === '==' || (test.operator === '!=' && !negated)
  if (!isIndexed) return undefined
  const left = slotsOf(planning, test.left, own)
  const right = slotsOf(planning, test.right, own)
  const isLeft = isAlone(left, variable) && !right.has(variable.slot)
  const isRight = isAlone(right, variable) && !left.has(variable.slot)
  if (!isLeft && !isRight) return undefined
  const sides = planSides(planning, test, own)
  const [ownSide, other] = isLeft ? [sides.left, sides.right] : [sides.right, sides.left]
  const operator: Comparison['operator'] = test.operator
  return { operator, negated, own: ownSide, other }
}

function isAlone(slots: ReadonlySet<number>, { slot }: Variable): boolean {
  return slots.size === 1 && slots.has(slot)
}

function slotsOf({ variables }: Planning, operand: Operand, own: Variable | undefined): ReadonlySet<number> {
  const slots = [...namesUsed(operand)].map((id) => variables.byName.get(id)?.slot).filter((slot) => slot !== undefined)
  return new Set(own !== undefined && readsOwn(operand) ? [own.slot, ...slots] : slots)
}

function equalLevel({ own, other }: Sides): Level {
  return { own: (env) => keysOf(own(env)), other: (env) => keysOf(other(env)) }
}

function kindLevel({ own, other }: Sides): Level {
  return { own: (env) => kindsOf(own(env)), other: (env) => kindsAsked(other(env)) }
}
