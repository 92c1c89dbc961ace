import { createHash } from 'node:crypto'
import type { Condition, Invariant, Operand, Pattern } from './ast.ts'
import { printCondition, printOperand, type Spelling } from './print.ts'
import { quoted } from './resolve/reading.ts'

/**
 * The hash that tells one meaning of a rule from another: 32 hex digits of SHA-256 over the canonical form, equal for equal
 * meaning as written, whatever the layout, comments, superfluous brackets or short forms.
 */
export function revisionOf(body: Pattern | Invariant): string {
  return createHash('sha256').update(canonicalBody(body)).digest('hex').slice(0, 32)
}

/** Every choice of quotes said out loud, and bound spans named in the order in which they are bound. */
function newExplicit(): Spelling {
  const names = new Map<number, string>()
  return {
    name: quoted,
    key: (key) => `attr(${quoted(key)})`,
    text: ({ value }) => quoted(value),
    bound({ id }) {
      const name = names.get(id) ?? `s${names.size + 1}`
      names.set(id, name)
      return name
    },
  }
}

/** The body in the one spelling that says every choice out loud; it parses back to the same body. */
export function canonicalBody(body: Pattern | Invariant): string {
  const explicit = newExplicit()
  if (body.kind === 'pattern') return printCondition(body.condition, explicit)
  const blocks: readonly (readonly [string, Condition | undefined])[] = [
    ['when', body.when],
    ['always', body.always],
    ['never', body.never],
    ['except when', body.except],
  ]
  return blocks
    .flatMap(([word, block]) => (block === undefined ? [] : [`${word} { ${printCondition(block, explicit)} }`]))
    .join(' ')
}

/** Bound spans by what tells them apart in their rule, so that parts of a rule can be compared. */
const ofPart: Spelling = { ...newExplicit(), bound: ({ id }) => `s${id}` }

/** A part of a rule in that spelling: two of one rule are equal where they mean the same as written. */
export function canonicalCondition(condition: Condition): string {
  return printCondition(condition, ofPart)
}

/** A value in that spelling. */
export function canonicalOperand(operand: Operand): string {
  return printOperand(operand, ofPart)
}
