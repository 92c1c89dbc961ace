import type { BoundValue, Comparison, Filter, Operand, Test } from '../ast.ts'
import { operandsOf } from '../walk.ts'

/** A comparison of a span with a bound one: `sql == q.sql`. */
export interface Join {
  readonly comparison: Comparison
  readonly own: Operand
  readonly other: Operand
}

/** The ids of bound spans that something is about. */
export type Subject = ReadonlySet<number>

/** The join that a filter is, where one side is about the span alone and the other about bound spans. */
export function joinOf(filter: Filter): Join | undefined {
  if (filter.kind !== 'comparison') return undefined
  const { left, right } = filter
  if (isOnlyOwn(left) && isOnlyBound(right)) return { comparison: filter, own: left, other: right }
  return isOnlyOwn(right) && isOnlyBound(left) ? { comparison: filter, own: right, other: left } : undefined
}

/**
 * Whether the pairs that pass a test are found by the value of one side: `==`, or `!=` that is to hold. The sides are
 * about the own span and a bound one, or about two bound ones.
 */
export function isIndexed(test: Test, positive: boolean, sides: 'own' | 'bound'): boolean {
  if (test.kind !== 'comparison' || (test.operator !== '==' && (test.operator !== '!=' || !positive))) return false
  if (sides === 'own') return joinOf(test) !== undefined
  const left = boundIn(test.left)
  return left.size > 0 && boundIn(test.right).size > 0 && [...boundIn(test.right)].every((id) => !left.has(id))
}

/** Whether a test reads its own span and a bound one. */
export function readsBoth(test: Test): boolean {
  const parts = operandsOf(test)
  return parts.some(isOwn) && parts.some(isBound)
}

/** One value of a bound span, as it is. */
export function isBound(operand: Operand): operand is BoundValue {
  return operand.kind === 'boundValue'
}

/** The bound spans that a part of a rule names. */
export function boundIn(part: unknown): Subject {
  const ids = new Set<number>()
  const open = [part]
  while (open.length > 0) {
    const node = open.pop()
    if (typeof node !== 'object' || node === null) continue
    const { kind, id } = node as { readonly kind?: unknown; readonly id?: unknown }
    if (kind === 'bound' && typeof id === 'number') ids.add(id)
    else open.push(...Object.values(node))
  }
  return ids
}

function isOwn(operand: Operand): boolean {
  if (operand.kind === 'intrinsic') return operand.name.startsWith('span.')
  return operand.kind === 'attribute' || operand.kind === 'attributeOrText'
}

function isOnlyOwn(side: Operand): boolean {
  const parts = leavesOf(side)
  return parts.some(isOwn) && !parts.some(isBound)
}

function isOnlyBound(side: Operand): boolean {
  const parts = leavesOf(side)
  return parts.some(isBound) && !parts.some(isOwn)
}

/** What a calculation is made of. */
export function leavesOf(operand: Operand): readonly Operand[] {
  if (operand.kind === 'arithmetic') return [...leavesOf(operand.left), ...leavesOf(operand.right)]
  return operand.kind === 'negation' || operand.kind === 'numberOf' ? leavesOf(operand.operand) : [operand]
}
