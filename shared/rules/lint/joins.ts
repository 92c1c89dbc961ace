import type { BoundValue, Comparison, Filter, Operand } from '../ast.ts'
import { operandsOf } from '../walk.ts'

/** A comparison of a span with a bound one: `sql == q.sql`. */
export interface Join {
  readonly comparison: Comparison
  readonly own: Operand
  readonly other: Operand
}

/** Filters taken apart at each `and`. */
export function demandsOf(filters: readonly Filter[]): readonly Filter[] {
  return filters.flatMap((filter) => (filter.kind === 'and' ? demandsOf(filter.operands) : [filter]))
}

/** The join that a filter is, where one side is about the span alone and the other about a bound span. */
export function joinOf(filter: Filter): Join | undefined {
  if (filter.kind !== 'comparison') return undefined
  const { left, right } = filter
  const [ofLeft, ofRight] = [subjectsOf(filter, left), subjectsOf(filter, right)]
  if (ofLeft.own && !ofLeft.bound && ofRight.bound && !ofRight.own)
    return { comparison: filter, own: left, other: right }
  if (ofRight.own && !ofRight.bound && ofLeft.bound && !ofLeft.own)
    return { comparison: filter, own: right, other: left }
  return undefined
}

/** Whether a test reads its own span and a bound one. */
export function readsBoth(filter: Filter): boolean {
  if (filter.kind === 'and' || filter.kind === 'or' || filter.kind === 'not') return false
  const parts = [...operandsOf(filter)]
  return parts.some(isOwn) && parts.some(isBound)
}

/** One value of a bound span, as it is. */
export function isBound(operand: Operand): operand is BoundValue {
  return operand.kind === 'boundValue'
}

function isOwn(operand: Operand): boolean {
  if (operand.kind === 'intrinsic') return operand.name.startsWith('span.')
  return operand.kind === 'attribute' || operand.kind === 'attributeOrText'
}

function subjectsOf(comparison: Comparison, side: Operand) {
  const alone = [...operandsOf({ ...comparison, left: side, right: side })]
  return { own: alone.some(isOwn), bound: alone.some(isBound) }
}
