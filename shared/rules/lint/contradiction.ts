import type { All, EventSelector, Has, NamePattern, Selector, Test } from '../ast.ts'
import { globTest } from '../compile/glob.ts'
import { groupedOperand } from '../compile/groups.ts'
import { OPERATORS } from '../operators.ts'
import { canonicalCondition } from '../print/canonical.ts'
import { isLiteral } from '../walk.ts'
import { allOf, type Claim, filterCases, MAX_CLAIMS } from './cases.ts'
import { addDemand, addOpposite, type Demand, isEmpty, scalarOf } from './domain.ts'
import { firstOf, newByText, newTerms, subjectOfAtom, type Term, type Terms, termFor } from './terms.ts'
import { canonicalText, countOf, operandText, remembered } from './texts.ts'

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
  const terms = newTerms()
  const presentFirst = claims.length === 1 ? claims : claims.toSorted(byHolds)
  for (const claim of presentFirst) {
    const self = addClaim(terms, claim)
    if (self !== undefined) return self
  }
  for (const term of terms.all) if (isEmpty(term.domain)) return inOrder(claims, term.claims)
  return contradictorySpans(terms.all)
}

function byHolds(left: Claim, right: Claim): number {
  return Number(right.holds) - Number(left.holds)
}

function oppositeClaims(claims: readonly Claim[]): readonly Claim[] | undefined {
  const [first] = claims
  if (first === undefined || claims.every(({ holds }) => holds === first.holds)) return undefined
  const seen = newByText<Claim>(({ atom }) => canonicalText(atom))
  for (const claim of claims) {
    const before = firstOf(seen, subjectOfAtom(claim.atom), claim)
    if (before.holds !== claim.holds) return [before, claim]
  }
  return undefined
}

function inOrder(claims: readonly Claim[], some: readonly Claim[]): readonly Claim[] {
  return claims.filter((claim) => some.includes(claim))
}

/** Adds a claim to the term it is about; returns the claim where no value meets it. */
function addClaim(terms: Terms, claim: Claim): readonly Claim[] | undefined {
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

function addSpans(terms: Terms, claim: Claim, selector: Selector, present: boolean): void {
  const count = countOf(selector)
  const term = termFor(terms, count)
  term.claims.push(claim)
  addDemand(term.domain, { term: count, operator: present ? '>=' : '<', values: [1] })
}

function addTestClaim(terms: Terms, atom: Test, claim: Claim): readonly Claim[] | undefined {
  // Two tests of groups may hold of two groups.
  const grouped = groupedOperand(atom) !== undefined
  if (grouped && !claim.holds) return undefined
  return addTest(grouped ? newTerms() : terms, atom, claim)
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

function addTest(terms: Terms, test: Test, claim: Claim): readonly Claim[] | undefined {
  if (test.kind === 'exists' || test.kind === 'truthy') {
    const term = termFor(terms, test.operand)
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
  const term = termFor(terms, demand.term)
  term.claims.push(claim)
  ;(claim.holds ? addDemand : addOpposite)(term.domain, demand)
  return isEmpty(term.domain) && term.claims.length === 1 ? [claim] : undefined
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
  const counted = terms.filter(isCounted)
  if (counted.length === 0) return undefined
  const present = counted.filter(({ domain }) => domain.low.value > 0 || (domain.low.value >= 0 && domain.low.open))
  const absent = counted.filter(({ domain }) => domain.high.value < 1 || (domain.high.value <= 1 && domain.high.open))
  let pairs = 0
  for (const narrow of present) {
    if (takesNothing(narrow.counted)) return narrow.claims
    for (const wide of absent) {
      if (!coversName(wide.counted.name, narrow.counted.name)) continue
      if (covers(wide.counted, narrow.counted)) return [...narrow.claims, ...wide.claims]
      pairs += 1
      if (pairs === MAX_PAIRS) return undefined
    }
  }
  return undefined
}

/** By selector: a rule is compared with many others. */
const EMPTY = new WeakMap<Selector, boolean>()

/** Whether no span can pass the filters of a selector. */
function takesNothing(selector: Selector): boolean {
  if (selector.filters.length === 0) return false
  return remembered(EMPTY, selector, ({ filters }) => isImpossible(filterCases(filters, true)))
}

function isCounted(term: Term): term is Term & { readonly counted: Selector } {
  return term.counted !== undefined
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
