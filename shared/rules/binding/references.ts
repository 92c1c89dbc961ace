import type { Bound, Filter, Operand, Selector, Test } from '../ast.ts'
import { lookupsOf, lookupsOfTest } from '../compile/requirement.ts'

/** Ids of the bound names that a part of a condition uses; those it binds itself are among them. */
export function namesUsed(part: unknown): ReadonlySet<number> {
  const ids = new Set<number>()
  const open = [part]
  while (open.length > 0) {
    const node = open.pop()
    if (typeof node !== 'object' || node === null) continue
    if ('kind' in node && node.kind === 'bound' && 'id' in node) ids.add(node.id as number)
    else open.push(...Object.values(node))
  }
  return ids
}

/** Ids of the names that a part uses and does not bind itself. */
export function namesFromOutside(part: unknown): ReadonlySet<number> {
  const used = new Set(namesUsed(part))
  const open = [part]
  while (open.length > 0) {
    const node = open.pop()
    if (typeof node !== 'object' || node === null) continue
    if ('kind' in node && node.kind === 'has' && 'as' in node) used.delete((node.as as Bound).id)
    open.push(...Object.values(node))
  }
  return used
}

export function usesNames(part: unknown): boolean {
  return namesUsed(part).size > 0
}

/** Whether a test of a span reads that span, and not bound ones alone. */
export function readsOwnSpan(test: Test): boolean {
  return lookupsOfTest(test).some(isOwn)
}

export function readsOwn(operand: Operand): boolean {
  return lookupsOf(operand).some(isOwn)
}

function isOwn(operand: Operand): boolean {
  return (
    operand.kind === 'attribute' ||
    operand.kind === 'attributeOrText' ||
    (operand.kind === 'intrinsic' && operand.name.startsWith('span.'))
  )
}

/** Filters that hold on one span, `and` taken apart: those without bound names, and the others. */
export function splitFilters({ filters }: Pick<Selector, 'filters'>): {
  readonly own: readonly Filter[]
  readonly joining: readonly Filter[]
} {
  const parts = filters.flatMap(conjuncts)
  return { own: parts.filter((part) => !usesNames(part)), joining: parts.filter(usesNames) }
}

/** What a selector asks of its spans alone: without filters and events that read bound names. */
export function ownSelector(selector: Selector): Selector {
  const { events = [], ...rest } = selector
  const kept = events.filter((event) => !usesNames(event))
  return { ...rest, filters: splitFilters(selector).own, ...(kept.length > 0 && { events: kept }) }
}

/** The parts of a filter that all have to hold, nested `and` taken apart. */
export function conjuncts(filter: Filter): readonly Filter[] {
  return filter.kind === 'and' ? filter.operands.flatMap(conjuncts) : [filter]
}
