import type { Condition, Invariant, Pattern } from '../ast.ts'
import { MAX_BOUND_NAMES } from '../resolve/names.ts'

/**
 * What the canonical form of a body calls its bound spans, by their ids: s1, s2 … in the order in which they are bound.
 * Once a rule has as many names as it may have, a name that is not in use here is taken again.
 */
export function canonicalNames(body: Pattern | Invariant): ReadonlyMap<number, string> {
  const numbers = new Map<number, number>()
  if (body.kind === 'pattern') numberBound(body.condition, [], numbers)
  else {
    const known = numberBound(body.when, [], numbers)
    for (const block of [body.always, body.never, body.except])
      if (block !== undefined) numberBound(block, known, numbers)
  }
  if (numbers.size === 0) return NO_NAMES
  const prefix = freePrefix(body, new Set(numbers.values()))
  return new Map([...numbers].map(([id, number]) => [id, `${prefix}${number}`]))
}

const NO_NAMES: ReadonlyMap<number, string> = new Map()

/** Numbers the spans bound in a condition, given the names `visible` before it; returns the names visible after it. */
function numberBound(node: Condition, visible: readonly number[], numbers: Map<number, number>): readonly number[] {
  switch (node.kind) {
    case 'and':
      return node.operands.reduce((known, operand) => numberBound(operand, known, numbers), visible)
    case 'or':
      for (const operand of node.operands) numberBound(operand, visible, numbers)
      return visible
    case 'not':
      numberBound(node.operand, visible, numbers)
      return visible
    case 'has': {
      if (node.as === undefined) return visible
      let number = numbers.size + 1
      if (number > MAX_BOUND_NAMES) for (number = 1; visible.includes(number); ) number++
      numbers.set(node.as.id, number)
      return [...visible, number]
    }
    default:
      return visible
  }
}

/** `s`, or longer where a word of the rule that is an attribute, or text, would read as one of the names. */
function freePrefix(body: object, numbers: ReadonlySet<number>): string {
  const heads = wordHeads(body)
  let prefix = 's'
  while ([...numbers].some((number) => heads.has(`${prefix}${number}`))) prefix += '_'
  return prefix
}

/** The words that stand as they were written, up to their first dot. Without recursion: a calculation nests deep. */
function wordHeads(body: object): ReadonlySet<string> {
  const heads = new Set<string>()
  const open: unknown[] = [body]
  while (open.length > 0) {
    const node = open.pop()
    if (typeof node !== 'object' || node === null) continue
    const { kind, word } = node as { readonly kind?: unknown; readonly word?: unknown }
    if (kind === 'attributeOrText' && typeof word === 'string') heads.add(word.split('.', 1)[0] ?? '')
    open.push(...Object.values(node))
  }
  return heads
}
