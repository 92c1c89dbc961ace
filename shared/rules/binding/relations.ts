import type { Order, Structure } from '../ast.ts'
import type { Run } from '../compile/plan.ts'
import { precedenceOf } from '../compile/relation.ts'
import { type Ask, askAbove, askBelow, isUnder } from '../judge/ancestors.ts'
import { askEarlier, askLater, precedes } from '../judge/order.ts'
import { type AskRange, rangeAbove, rangeBelow, rangeEarlier, rangeLater } from '../judge/ranges.ts'
import { lineageOfRun } from '../judge/run.ts'
import type { Bucket } from './buckets.ts'
import type { FormulaLiteral } from './formula.ts'
import type { Check } from './joined.ts'
import { type Candidates, prepareUnrelated } from './unrelated.ts'

type Relation = Extract<FormulaLiteral, { readonly kind: 'relation' }>

/** Whether the span at one position has the relation to the span at another. */
export function areRelated(run: Run, relation: Order | Structure, left: number, right: number): boolean {
  if (left === right) return false
  if (relation.kind === 'structure')
    return isUnder(lineageOfRun(run), left, right, relation.relation === 'directly under')
  const { isLeftEarlier, ...precedence } = precedenceOf(relation)
  const [earlier, later] = isLeftEarlier ? [left, right] : [right, left]
  return precedes(run, earlier, later, precedence)
}

/** Some spans of a bucket: if any has (or lacks) the relation to the other variable's span, one of these does. */
export function relationCandidates(
  { relation, left, right, negated }: Relation,
  slot: number,
): NonNullable<Check['candidates']> {
  const isLeft = left.slot === slot
  const other = isLeft ? right.slot : left.slot
  const prepare = negated ? prepareUnrelated : prepareRelated
  return ({ run, positions }, bucket, number) => {
    const known = bucket.memory[number] as Candidates | undefined
    const candidates = known ?? prepare(run, relation, bucket, isLeft)
    bucket.memory[number] = candidates
    return candidates(positions[other] as number)
  }
}

function prepareRelated(run: Run, relation: Order | Structure, { positions }: Bucket, isLeft: boolean): Candidates {
  const ask = askRelated(run, relation, positions, isLeft)
  return (position) => {
    const found = ask(position)
    return found === undefined ? [] : [found]
  }
}

function askRelated(run: Run, relation: Order | Structure, positions: readonly number[], isLeft: boolean): Ask {
  if (relation.kind === 'structure') {
    const ask = isLeft ? askBelow : askAbove
    return ask(lineageOfRun(run), positions, relation.relation === 'directly under')
  }
  const { isLeftEarlier, ...precedence } = precedenceOf(relation)
  const ask = isLeft === isLeftEarlier ? askEarlier : askLater
  return ask(run, positions, precedence)
}

/** All spans of a bucket that may have the relation to the span of the other variable. */
export function relationRange({ relation, left, right }: Relation, slot: number): NonNullable<Check['range']> {
  const isLeft = left.slot === slot
  const other = isLeft ? right.slot : left.slot
  return ({ run, positions }, bucket, number) => {
    const known = bucket.memory[number] as AskRange | undefined
    const ask = known ?? askRange(run, relation, bucket, isLeft)
    bucket.memory[number] = ask
    return ask(positions[other] as number)
  }
}

function askRange(run: Run, relation: Order | Structure, { positions }: Bucket, isLeft: boolean): AskRange {
  if (relation.kind === 'structure') {
    const range = isLeft ? rangeBelow : rangeAbove
    return range(lineageOfRun(run), positions, relation.relation === 'directly under')
  }
  const { isLeftEarlier, ...precedence } = precedenceOf(relation)
  const range = isLeft === isLeftEarlier ? rangeEarlier : rangeLater
  return range(run.trace.spans, positions, precedence)
}
