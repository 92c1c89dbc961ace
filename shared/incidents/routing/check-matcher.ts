import type { Problem, SourceRange } from '../../errors.ts'
import type { Filter, Literal, Operand, Test } from '../../rules/ast.ts'
import type { RuleProblemCode } from '../../rules/problem.ts'
import { severityOf } from '../../rules/read/header.ts'
import { nearest } from '../../rules/read/suggest.ts'
import { isLiteral, operandsOf, testsOfFilters } from '../../rules/walk.ts'
import { FACT_NAMES, type FactName, isFactName } from './facts.ts'

/** What can be wrong with a matcher: all that can be with a filter of a rule, and a name that incidents do not have. */
type MatcherProblemCode = RuleProblemCode | 'unknown-name'

/** A problem of a matcher and its place in the file. */
export interface MatcherProblem extends Problem<MatcherProblemCode> {
  readonly range: SourceRange
}

type Report = (problem: MatcherProblem) => void

/** Reports what a filter asks that no incident can answer: it would match nothing, and nobody would be notified. */
export function reportUnanswerable(filter: Filter, report: Report): void {
  for (const { test } of testsOfFilters([filter])) {
    for (const operand of operandsOf(test)) reportUnknownName(operand, report)
    reportOrderOfSeverities(test, report)
    if (test.kind === 'truthy') reportBareText(test.operand, report)
    for (const { name, literal } of literalsComparedIn(test)) {
      const problem = literalProblem(name, literal)
      if (problem !== undefined) report(problem)
    }
  }
}

function reportUnknownName(operand: Operand, report: Report): void {
  const { kind, range } = operand
  const known = FACT_NAMES.join(', ')
  if (kind === 'intrinsic' || kind === 'boundValue' || (kind === 'attribute' && operand.from === 'resource')) {
    const message = 'a matcher looks at an incident, which has no spans'
    report({ code: 'unknown-name', message, hint: `use only ${known}`, range })
  }
  if (kind !== 'attribute' || operand.from === 'resource' || isFactName(operand.key)) return
  const { key } = operand
  const meant = SYNONYMS.get(key.toLowerCase()) ?? nearest(key, FACT_NAMES)
  const hint = meant === undefined ? `use only ${known}` : `did you mean ${meant}?`
  report({ code: 'unknown-name', message: `an incident has no ${key}`, hint, range })
}

/** What others call the same. */
const SYNONYMS: ReadonlyMap<string, FactName> = new Map([
  ['name', 'rule'],
  ['alertname', 'rule'],
  ['signal', 'rule'],
  ['priority', 'severity'],
  ['level', 'severity'],
  ['team', 'owner'],
  ['label', 'tags'],
  ['labels', 'tags'],
  ['service.name', 'service'],
  ['group.value', 'group'],
])

/** A name alone asks whether it is true, which text never is. */
function reportBareText(operand: Operand, report: Report): void {
  const name = nameOf(operand)
  if (name === undefined || name === 'complete') return
  const message = `${name} is text, and a name alone asks whether it is true`
  const hint = `write exists(${name}), or compare it`
  report({ code: 'kind-mismatch', message, hint, range: operand.range })
}

function reportOrderOfSeverities(test: Test, report: Report): void {
  if (test.kind !== 'comparison' || !/^[<>]/.test(test.operator)) return
  const sides = [test.left, test.right]
  if (!sides.some((side) => nameOf(side) === 'severity')) return
  const message = 'severities are words, and have no order'
  const hint = 'list them, as in severity in [critical, high]'
  report({ code: 'kind-mismatch', message, hint, range: test.range })
}

interface ComparedLiteral {
  readonly name: FactName
  readonly literal: Literal
}

function* literalsComparedIn(test: Test): Generator<ComparedLiteral> {
  if (test.kind === 'membership') {
    const name = nameOf(test.left)
    if (name !== undefined) for (const literal of test.items) yield { name, literal }
  }
  if (test.kind !== 'comparison') return
  for (const [side, other] of [
    [test.left, test.right],
    [test.right, test.left],
  ] as const) {
    const name = nameOf(side)
    // Parts of a severity may be asked for with `contains` and `starts with`.
    if (name === 'severity' && !/^[!=]=$/.test(test.operator)) continue
    if (name !== undefined && isLiteral(other)) yield { name, literal: other }
  }
}

function nameOf(operand: Operand): FactName | undefined {
  return operand.kind === 'attribute' && operand.from === 'any' && isFactName(operand.key) ? operand.key : undefined
}

/** What is wrong with comparing a fact to a literal, if anything. */
function literalProblem(name: FactName, literal: Literal): MatcherProblem | undefined {
  const { range } = literal
  if (name === 'complete') {
    const hint = 'write complete == true or complete == false'
    const problem = { code: 'kind-mismatch', message: 'complete is true or false', hint, range } as const
    return literal.kind === 'boolean' ? undefined : problem
  }
  if (literal.kind !== 'text') {
    const message = `${name} is text and equals no ${literal.kind}`
    return { code: 'kind-mismatch', message, hint: 'put it in quotes', range }
  }
  if (name !== 'severity') return undefined
  const known = severityOf(literal.value, range)
  return 'code' in known ? known : undefined
}
