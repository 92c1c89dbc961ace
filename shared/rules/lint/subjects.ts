import type { Atom, NamePattern, Operand, Test } from '../ast.ts'
import { globParts } from '../compile/glob.ts'
import { canonicalOperand } from '../print/canonical.ts'
import { quoted } from '../resolve/reading.ts'
import { isTest } from '../walk.ts'
import type { Claim } from './cases.ts'
import { demandOf } from './contradiction.ts'
import type { Scalar } from './domain.ts'
import type { RuleFacts } from './facts.ts'
import { demandsOf, selectorsOf, valuesOf } from './selections.ts'

/** What a rule reads, as words that can be looked up: span names, attributes, values that it compares with. */
export type Subjects = ReadonlySet<string>

/** What a rule must read to imply claims that hold together. Never too much for plain names, values and patterns. */
export function subjectsNeeded(claims: readonly Claim[]): Subjects {
  const needed = new Set<string>()
  for (const { atom, holds } of claims) {
    if (!asksForSomething(atom, holds)) continue
    for (const { name } of selectorsOf(atom)) {
      const subject = subjectOfName(name)
      if (subject !== undefined) needed.add(subject)
    }
    for (const [test, holding] of demandedIn(atom, holds)) {
      for (const subject of valuesRead(test)) needed.add(subject)
      const [subject, ...others] = holding ? valuesCompared(test) : []
      if (subject !== undefined && others.length === 0) needed.add(subject)
    }
  }
  return needed
}

/** Whether a claim is more than that spans are absent or few: a rule that says so of others, or of all, need not read these. */
function asksForSomething(atom: Atom, holds: boolean): boolean {
  if (atom.kind === 'has') return holds
  if (atom.kind === 'all') return !holds
  if (selectorsOf(atom).length === 0) return true
  const demand = isTest(atom) ? demandOf(atom) : undefined
  return demand === undefined || (holds ? ['>', '>='] : ['<', '<=']).includes(demand.operator)
}

/** The lengths of the texts that globs of a set begin or end with: what a name offers to be found by. */
export interface GlobLengths {
  readonly start: ReadonlySet<number>
  readonly end: ReadonlySet<number>
}

export function globLengthsOf(needed: Iterable<Subjects>): GlobLengths {
  const start = new Set<number>()
  const end = new Set<number>()
  for (const subjects of needed) {
    for (const subject of subjects) {
      if (subject.startsWith(START)) start.add(subject.length - START.length)
      if (subject.startsWith(END)) end.add(subject.length - END.length)
    }
  }
  return { start, end }
}

/** Everything that a rule reads, and what of names the globs of other rules may begin or end with. */
export function subjectsOffered({ selections, tests }: RuleFacts, globs: GlobLengths): Subjects {
  const offered = new Set<string>()
  for (const { name } of selections) {
    const subject = subjectOfName(name)
    if (subject !== undefined) offered.add(subject)
    if (name.kind === 'exact') addParts(name.name, globs, offered)
  }
  for (const { test } of tests) {
    for (const subject of valuesRead(test)) offered.add(subject)
    for (const subject of valuesCompared(test)) offered.add(subject)
  }
  return offered
}

const START = 'names from '
const END = 'names to '

/** Undefined for a pattern that says nothing of how a name begins or ends. */
function subjectOfName(name: NamePattern): string | undefined {
  if (name.kind === 'any') return undefined
  if (name.kind === 'exact') return `name ${name.name}`
  const parts = globParts(name.pattern)
  const [first = ''] = parts
  const last = parts.at(-1) ?? ''
  if (first !== '') return START + first
  return last === '' ? undefined : END + last
}

function addParts(name: string, { start, end }: GlobLengths, offered: Set<string>): void {
  for (const length of start) if (length <= name.length) offered.add(START + name.slice(0, length))
  for (const length of end) if (length <= name.length) offered.add(END + name.slice(name.length - length))
}

function valuesRead(test: Test): readonly string[] {
  return valuesOf(test).flatMap((operand) => {
    if (operand.kind === 'attribute') return [`attribute ${operand.key}`]
    return operand.kind === 'intrinsic' ? [`value ${operand.name}`] : []
  })
}

/** Tests that hold, or do not hold, wherever the claim does: nothing but "and" and "not" is above them. */
function demandedIn(atom: Atom, holds: boolean): readonly (readonly [Test, boolean])[] {
  const own: readonly (readonly [Test, boolean])[] = isTest(atom) ? [[atom, holds]] : []
  const ofSpans = selectorsOf(atom).flatMap(({ filters }) => demandsOf(filters))
  const tests = ofSpans.flatMap((filter): readonly (readonly [Test, boolean])[] => {
    const inner = filter.kind === 'not' ? filter.operand : filter
    return isTest(inner as Atom) ? [[inner as Test, inner === filter]] : []
  })
  return [...own, ...tests]
}

/** Each value that a test is for, with what it is a value of: `currency == USD`, and the pattern of `matches`. */
function valuesCompared(test: Test): readonly string[] {
  if (test.kind === 'matches') return [`${canonicalOperand(test.left)} matches ${test.pattern}`]
  if (test.kind === 'exists') return []
  if (test.kind === 'truthy') return [valueSubject(test.operand, true)]
  const { term, operator, values } = demandOf(test) ?? { term: test.left, operator: '!=', values: [] }
  if (operator !== '==' && operator !== 'in') return []
  return values
    .filter((value) => term.kind === 'attribute' || typeof value === 'string')
    .map((value) => valueSubject(term, value))
}

function valueSubject(term: Operand, value: Scalar): string {
  return `${canonicalOperand(term)} == ${typeof value === 'string' ? quoted(value) : value}`
}
