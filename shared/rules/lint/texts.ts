import type { Atom, Count, Operand, Selector } from '../ast.ts'
import { canonicalCondition, canonicalOperand } from '../print/canonical.ts'

/** One rule is compared with many, and by several lints; printing takes the most of that. */
const TEXTS = new WeakMap<Atom, string>()
const COUNTS = new WeakMap<Selector, Count>()
const OPERANDS = new WeakMap<Operand, string>()

/** A part of a condition in its canonical spelling: two of one rule are equal where they mean the same as written. */
export function canonicalText(atom: Atom): string {
  return remembered(TEXTS, atom, canonicalCondition)
}

/** A value in that spelling. */
export function operandText(operand: Operand): string {
  return remembered(OPERANDS, operand, canonicalOperand)
}

/** How many spans a selector takes, as a value. */
export function countOf(selector: Selector): Count {
  return remembered(COUNTS, selector, () => ({ kind: 'count', selector, range: selector.range }))
}

/** What was made of a key before, or is made now. */
export function remembered<Key extends object, Value>(
  known: WeakMap<Key, Value>,
  key: Key,
  make: (key: Key) => Value,
): Value {
  const before = known.get(key)
  if (before !== undefined) return before
  const made = make(key)
  known.set(key, made)
  return made
}
