import type { Atom, NamePattern, Operand, Selector } from '../ast.ts'
import type { Claim } from './cases.ts'
import { type Domain, domainOf } from './domain.ts'
import { operandText } from './texts.ts'

/**
 * Things by their canonical text. Printing takes most of the time of a comparison, and most things that are compared differ
 * in the span name or the attribute that they are about: a text is made only where they have that in common.
 */
interface ByText<Value> {
  readonly textOf: (value: Value) => string
  /** The first value about a subject, whose text may not be made yet. */
  readonly bySubject: Map<string, Value>
  readonly byText: Map<string, Value>
}

export function newByText<Value>(textOf: (value: Value) => string): ByText<Value> {
  return { textOf, bySubject: new Map(), byText: new Map() }
}

/** Of all values with the text of this one the first that was asked for. `subject` is equal where texts are. */
export function firstOf<Value>({ textOf, bySubject, byText }: ByText<Value>, subject: string, value: Value): Value {
  const first = bySubject.get(subject)
  if (first === undefined) {
    bySubject.set(subject, value)
    return value
  }
  byText.set(textOf(first), first)
  const text = textOf(value)
  const known = byText.get(text)
  if (known !== undefined) return known
  byText.set(text, value)
  return value
}

/** What a part of a condition is about: equal where the canonical texts are, and often different where they differ. */
export function subjectOfAtom(atom: Atom): string {
  switch (atom.kind) {
    case 'has':
    case 'all':
      return subjectOfName(atom.selector.name)
    case 'order':
    case 'structure':
    case 'boundWhere':
      return ''
    case 'exists':
    case 'truthy':
      return subjectOf(atom.operand)
    default:
      return subjectOf(atom.left)
  }
}

function subjectOf(operand: Operand): string {
  switch (operand.kind) {
    case 'attribute':
      return operand.key
    case 'intrinsic':
      return operand.name
    case 'count':
    case 'aggregate':
      return subjectOfName(operand.selector.name)
    default:
      return ''
  }
}

function subjectOfName(name: NamePattern): string {
  if (name.kind === 'exact') return name.name
  return name.kind === 'glob' ? name.pattern : ''
}

/** One value that is read, what is claimed of it, and what it counts. */
export interface Term {
  readonly operand: Operand
  readonly domain: Domain
  readonly claims: Claim[]
  readonly counted: Selector | undefined
}

/** What is claimed at once, term by term. */
export interface Terms {
  /** In the order in which they were first claimed. */
  readonly all: Term[]
  readonly operands: ByText<Operand>
  readonly byOperand: Map<Operand, Term>
}

export function newTerms(): Terms {
  return { all: [], operands: newByText(operandText), byOperand: new Map() }
}

/** The term for an operand and all that mean the same as written. */
export function termFor({ all, operands, byOperand }: Terms, operand: Operand): Term {
  const first = firstOf(operands, subjectOf(operand), operand)
  const known = byOperand.get(first)
  if (known !== undefined) return known
  const counted = operand.kind === 'count' && operand.by === undefined ? operand.selector : undefined
  const term: Term = { operand, domain: domainOf(operand), claims: [], counted }
  all.push(term)
  byOperand.set(first, term)
  return term
}
