import { hash } from 'node:crypto'
import type { Condition, Invariant, Operand, Pattern } from '../ast.ts'
import { quoted } from '../resolve/reading.ts'
import { canonicalNames } from './canonical-names.ts'
import { printCondition, printOperand, type Spelling } from './print.ts'

/**
 * The hash that tells one meaning of a rule from another: 32 hex digits of SHA-256 over the canonical form, equal for equal
 * meaning as written, whatever the layout, comments, superfluous brackets or short forms.
 */
export function revisionOf(body: Pattern | Invariant): string {
  return hash('sha256', canonicalBody(body)).slice(0, 32)
}

/** Every choice of quotes said out loud. */
const explicitly = {
  name: quoted,
  key: (key: string) => `attr(${quoted(key)})`,
  text: ({ value }: { readonly value: string }) => quoted(value),
}

/**
 * The body in the one spelling that says every choice out loud. It parses back to the same body, unless definitions bind
 * more spans side by side than a text without definitions could.
 */
export function canonicalBody(body: Pattern | Invariant): string {
  const names = canonicalNames(body)
  const explicit: Spelling = { ...explicitly, bound: ({ id }) => names.get(id) ?? `s${id}` }
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
const ofPart: Spelling = { ...explicitly, bound: ({ id }) => `s${id}` }

/** A part of a rule in that spelling: two of one rule are equal where they mean the same as written. */
export function canonicalCondition(condition: Condition): string {
  return printCondition(condition, ofPart)
}

/** A value in that spelling. */
export function canonicalOperand(operand: Operand): string {
  return printOperand(operand, ofPart)
}
