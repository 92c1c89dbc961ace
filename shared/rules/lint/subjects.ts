import type { Atom, NamePattern, Operand, Test } from '../ast.ts'
import { globParts } from '../compile/glob.ts'
import { quoted } from '../resolve/reading.ts'
import { isTest } from '../walk.ts'
import type { Claim } from './cases.ts'
import { demandOf } from './contradiction.ts'
import type { Scalar } from './domain.ts'
import type { RuleFacts } from './facts.ts'
import { demandsOf, selectorsOf, valuesOf } from './selections.ts'
import { operandText } from './texts.ts'

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

/** The texts that globs of a set begin or end with, and their lengths: what a name offers to be found by. */
export interface GlobEnds {
  readonly starts: ReadonlySet<string>
  readonly startLengths: ReadonlySet<number>
  readonly ends: ReadonlySet<string>
  readonly endLengths: ReadonlySet<number>
}

export function globEndsOf(needed: Iterable<Subjects>): GlobEnds {
  const starts = new Set<string>()
  const ends = new Set<string>()
  for (const subjects of needed) {
    for (const subject of subjects) {
      if (subject.startsWith(START)) starts.add(subject.slice(START.length))
      else if (subject.startsWith(END)) ends.add(subject.slice(END.length))
    }
  }
  return { starts, startLengths: lengthsOf(starts), ends, endLengths: lengthsOf(ends) }
}

function lengthsOf(texts: ReadonlySet<string>): ReadonlySet<number> {
  return new Set(Array.from(texts, ({ length }) => length))
}

/** Everything that a rule reads, and what of names the globs of other rules may begin or end with. */
export function subjectsOffered({ selections, tests }: RuleFacts, globs: GlobEnds): Subjects {
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

function addParts(name: string, globs: GlobEnds, offered: Set<string>): void {
  for (const length of globs.startLengths) {
    const start = name.slice(0, length)
    if (globs.starts.has(start)) offered.add(START + start)
  }
  for (const length of globs.endLengths) {
    const end = name.slice(-length)
    if (globs.ends.has(end)) offered.add(END + end)
  }
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
  if (test.kind === 'matches') return [`${operandText(test.left)} matches ${test.pattern}`]
  if (test.kind === 'exists') return []
  if (test.kind === 'truthy') return [valueSubject(test.operand, true)]
  const { term, operator, values } = demandOf(test) ?? { term: test.left, operator: '!=', values: [] }
  if (operator !== '==' && operator !== 'in') return []
  return values
    .filter((value) => term.kind === 'attribute' || typeof value === 'string')
    .map((value) => valueSubject(term, value))
}

function valueSubject(term: Operand, value: Scalar): string {
  return `${operandText(term)} == ${typeof value === 'string' ? quoted(value) : value}`
}
