import type { All, Count, EventSelector, Has, NamePattern, Operand, Selector, Test } from '../ast.ts'
import { globTest } from '../compile/glob.ts'
import { groupedOperand } from '../compile/groups.ts'
import { OPERATORS } from '../operators.ts'
import { canonicalCondition, canonicalOperand } from '../print/canonical.ts'
import { isLiteral } from '../walk.ts'
import { allOf, type Claim, filterCases, MAX_CLAIMS } from './cases.ts'
import { addDemand, addOpposite, type Demand, type Domain, domainOf, isEmpty, scalarOf } from './domain.ts'

/** Claims of all cases that are looked at together. */
const CLAIMS_OF_CASES = 1000
/** Spans that must be there, and spans that must not be; each is compared with every other. */
const MAX_PAIRS = 100

/** Whether none of these cases can be; false where there are too many to tell. */
export function isImpossible(cases: readonly (readonly Claim[])[] | undefined): boolean {
  if (cases === undefined || cases.reduce((sum, { length }) => sum + length, 0) > CLAIMS_OF_CASES) return false
  return cases.every((claims) => contradiction(claims) !== undefined)
}

/** Claims that cannot hold together on any trace (or of any span), in the order written; undefined where all may. */
export function contradiction(claims: readonly Claim[]): readonly Claim[] | undefined {
  if (claims.length > MAX_CLAIMS) return undefined
  const opposite = oppositeClaims(claims)
  if (opposite !== undefined) return opposite
  const terms = new Map<string, Term>()
  for (const claim of claims.toSorted((left, right) => Number(right.holds) - Number(left.holds))) {
    const self = addClaim(terms, claim)
    if (self !== undefined) return self
  }
  for (const term of terms.values()) if (isEmpty(term.domain)) return inOrder(claims, term.claims)
  return contradictorySpans([...terms.values()])
}

function oppositeClaims(claims: readonly Claim[]): readonly Claim[] | undefined {
  const [first] = claims
  if (first === undefined || claims.every(({ holds }) => holds === first.holds)) return undefined
  const seen = new Map<string, Claim>()
  for (const claim of claims) {
    const text = textOf(claim.atom)
    const before = seen.get(text)
    if (before === undefined) seen.set(text, claim)
    else if (before.holds !== claim.holds) return [before, claim]
  }
  return undefined
}

/** One rule is compared with many, and by several lints; printing takes the most of that. */
const TEXTS = new WeakMap<Claim['atom'], string>()
const COUNTS = new WeakMap<Selector, { readonly count: Count; readonly text: string }>()
const OPERANDS = new WeakMap<Operand, string>()

function textOf(atom: Claim['atom']): string {
  return remembered(TEXTS, atom, canonicalCondition)
}

/** How many spans a selector takes, as a value, and how that is written. */
function countOf(selector: Selector) {
  return remembered(COUNTS, selector, () => {
    const count: Count = { kind: 'count', selector, range: selector.range }
    return { count, text: canonicalOperand(count) }
  })
}

function remembered<Key extends object, Value>(known: WeakMap<Key, Value>, key: Key, make: (key: Key) => Value): Value {
  const before = known.get(key)
  if (before !== undefined) return before
  const made = make(key)
  known.set(key, made)
  return made
}

function inOrder(claims: readonly Claim[], some: readonly Claim[]): readonly Claim[] {
  return claims.filter((claim) => some.includes(claim))
}

/** One value that is read, what is claimed of it, and what it counts. */
interface Term {
  readonly domain: Domain
  readonly claims: Claim[]
  readonly counted: Selector | undefined
}

/** Adds a claim to the term it is about; returns the claim where no value meets it. */
function addClaim(terms: Map<string, Term>, claim: Claim): readonly Claim[] | undefined {
  const { atom, holds } = claim
  switch (atom.kind) {
    case 'has':
    case 'all': {
      const [selector, present] = spansClaimed(atom, holds)
      addSpans(terms, claim, selector, present)
      return undefined
    }
    case 'order':
    case 'structure':
      for (const side of holds ? [atom.left, atom.right] : [])
        if (side.kind === 'selector') addSpans(terms, claim, side, true)
      return undefined
    case 'boundWhere':
      return undefined
    default:
      return addTestClaim(terms, atom, claim)
  }
}

function addSpans(terms: Map<string, Term>, claim: Claim, selector: Selector, present: boolean): void {
  const { count, text } = countOf(selector)
  const term = termFor(terms, text, count)
  term.claims.push(claim)
  addDemand(term.domain, { term: count, operator: present ? '>=' : '<', values: [1] })
}

function addTestClaim(terms: Map<string, Term>, atom: Test, claim: Claim): readonly Claim[] | undefined {
  // Two tests of groups may hold of two groups.
  const grouped = groupedOperand(atom) !== undefined
  if (grouped && !claim.holds) return undefined
  return addTest(grouped ? new Map() : terms, atom, claim)
}

/** The spans a claim is about, and whether there must be one: all are so where none is not so. */
function spansClaimed(atom: Has | All, holds: boolean): readonly [Selector, boolean] {
  if (atom.kind === 'has') return [atom.selector, holds]
  const { range } = atom
  const [first, ...rest] = atom.filters
  if (first === undefined) return [atom.selector, true]
  const operand = rest.length === 0 ? first : ({ kind: 'and', operands: [first, ...rest], range } as const)
  const filters = [...atom.selector.filters, { kind: 'not', operand, range } as const]
  return [{ ...atom.selector, filters }, !holds]
}

function addTest(terms: Map<string, Term>, test: Test, claim: Claim): readonly Claim[] | undefined {
  if (test.kind === 'exists' || test.kind === 'truthy') {
    const term = termFor(terms, operandText(test.operand), test.operand)
    const demand: Demand = { term: test.operand, operator: '==', values: [true] }
    term.claims.push(claim)
    if (test.kind === 'truthy') (claim.holds ? addDemand : addOpposite)(term.domain, demand)
    else if (claim.holds) term.domain.present = true
    else term.domain.absent = true
    return undefined
  }
  if (claim.holds && isBeforeItself(test)) return [claim]
  const demand = demandOf(test)
  if (demand === undefined) return undefined
  const term = termFor(terms, operandText(demand.term), demand.term)
  term.claims.push(claim)
  ;(claim.holds ? addDemand : addOpposite)(term.domain, demand)
  return isEmpty(term.domain) && term.claims.length === 1 ? [claim] : undefined
}

function operandText(operand: Operand): string {
  return remembered(OPERANDS, operand, canonicalOperand)
}

function termFor(terms: Map<string, Term>, key: string, operand: Operand): Term {
  const known = terms.get(key)
  if (known !== undefined) return known
  const counted = operand.kind === 'count' && operand.by === undefined ? operand.selector : undefined
  const term: Term = { domain: domainOf(operand), claims: [], counted }
  terms.set(key, term)
  return term
}

/** `x < x`. */
function isBeforeItself(test: Test): boolean {
  // NaN differs from itself.
  if (test.kind !== 'comparison' || (test.operator !== '<' && test.operator !== '>')) return false
  return test.left.kind === test.right.kind && operandText(test.left) === operandText(test.right)
}

/** A test as a demand on a value, where it compares one with fixed values. */
export function demandOf(test: Test): Demand | undefined {
  if (test.kind === 'membership') {
    return { term: test.left, operator: test.negated ? 'not in' : 'in', values: test.items.map(scalarOf) }
  }
  if (test.kind !== 'comparison') return undefined
  const { left, operator, right } = test
  if (isLiteral(right)) return isLiteral(left) ? undefined : { term: left, operator, values: [scalarOf(right)] }
  const { mirrored } = OPERATORS[operator]
  return isLiteral(left) && mirrored !== undefined
    ? { term: right, operator: mirrored, values: [scalarOf(left)] }
    : undefined
}

/** Spans that must be there, and spans among which they would be that must not. */
function contradictorySpans(terms: readonly Term[]): readonly Claim[] | undefined {
  const counted = terms.flatMap(({ counted, ...term }) => (counted === undefined ? [] : [{ ...term, counted }]))
  const present = counted.filter(({ domain }) => domain.low.value > 0 || (domain.low.value >= 0 && domain.low.open))
  const absent = counted.filter(({ domain }) => domain.high.value < 1 || (domain.high.value <= 1 && domain.high.open))
  let pairs = 0
  for (const narrow of present) {
    const { filters } = narrow.counted
    if (filters.length > 0 && isImpossible(filterCases(filters, true))) return narrow.claims
    for (const wide of absent) {
      if (!coversName(wide.counted.name, narrow.counted.name)) continue
      if (covers(wide.counted, narrow.counted)) return [...narrow.claims, ...wide.claims]
      pairs += 1
      if (pairs === MAX_PAIRS) return undefined
    }
  }
  return undefined
}

/** Whether every span that `narrow` takes is one that `wide` takes. */
export function covers(wide: Selector, narrow: Selector): boolean {
  if (!coversName(wide.name, narrow.name) || !coversEvents(wide.events, narrow.events)) return false
  if (wide.filters.length === 0) return true
  return isImpossible(allOf([filterCases(narrow.filters, true), filterCases(wide.filters, false)]))
}

function coversEvents(wide: readonly EventSelector[] = [], narrow: readonly EventSelector[] = []): boolean {
  const texts = new Set(narrow.map(eventText))
  return wide.every((event) => texts.has(eventText(event)))
}

function eventText({ name, filters, range }: EventSelector): string {
  return canonicalCondition({ kind: 'has', selector: { kind: 'selector', name, filters, range }, range })
}

function coversName(wide: NamePattern, narrow: NamePattern): boolean {
  if (wide.kind === 'any') return true
  if (narrow.kind === 'exact')
    return wide.kind === 'exact' ? wide.name === narrow.name : globTest(wide.pattern)(narrow.name)
  return wide.kind === 'glob' && narrow.kind === 'glob' && wide.pattern === narrow.pattern
}
