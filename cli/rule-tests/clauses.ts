import type { SourceRange } from '../../shared/errors.ts'
import type {
  Atom,
  CheckedRule,
  Condition,
  EventSelector,
  Filter,
  Selector,
  SpanReference,
  Test,
} from '../../shared/rules/ast.ts'
import { compileRules } from '../../shared/rules/compile.ts'
import { judge } from '../../shared/rules/judge.ts'
import type { RuleSet } from '../../shared/rules/plan.ts'
import { operandsOf } from '../../shared/rules/walk.ts'
import type { Trace } from '../../shared/trace/span.ts'

/**
 * A condition of a rule that is not made of others, or a part of a filter made of several: a test, a span event. A test suite that never
 * sees it true, or never false, would pass as well if it were left out.
 */
export interface Clause {
  readonly rule: CheckedRule
  readonly range: SourceRange
}

/** The clauses of some rules, each as two patterns: one that is true where the clause is, one where it is not. */
export interface ClauseProbes {
  readonly clauses: readonly Clause[]
  readonly set: RuleSet
  /** What a violation of each pattern says. */
  readonly meanings: ReadonlyMap<CheckedRule, { readonly clause: Clause; readonly truth: boolean }>
}

/** Prepares the clauses of rules for `observeClauses`. */
export function probeClauses(rules: readonly CheckedRule[]): ClauseProbes {
  const clauses: Clause[] = []
  const meanings = new Map<CheckedRule, { readonly clause: Clause; readonly truth: boolean }>()
  for (const rule of rules) {
    for (const { range, whenTrue, whenFalse } of probesOf(rule)) {
      const clause = { rule, range }
      clauses.push(clause)
      meanings.set(patternRule(rule, whenTrue), { clause, truth: true })
      meanings.set(patternRule(rule, whenFalse), { clause, truth: false })
    }
  }
  return { clauses, set: compileRules([...meanings.keys()]), meanings }
}

/** Which clauses are true of a trace and which are not; those of blocks that do not matter there are neither. */
export function observeClauses(
  { set, meanings }: ClauseProbes,
  trace: Trace,
  saw: (clause: Clause, truth: boolean) => void,
): void {
  for (const { rule, outcome } of judge(set, trace)) {
    const meaning = outcome === 'violated' ? meanings.get(rule) : undefined
    if (meaning !== undefined) saw(meaning.clause, meaning.truth)
  }
}

interface Probe {
  readonly range: SourceRange
  readonly whenTrue: Condition
  readonly whenFalse: Condition
}

function patternRule(rule: CheckedRule, condition: Condition): CheckedRule {
  return { ...rule, body: { kind: 'pattern', condition, range: condition.range } }
}

/** The blocks after `when` matter only where it holds, those of the requirement only outside `except`. */
function probesOf({ body }: CheckedRule): readonly Probe[] {
  if (body.kind === 'pattern') return probesOfCondition(body.condition, [])
  const { when, always, never, except } = body
  const inForce = except === undefined ? [when] : [when, not(except)]
  return [
    ...probesOfCondition(when, []),
    ...(always === undefined ? [] : probesOfCondition(always, inForce)),
    ...(never === undefined ? [] : probesOfCondition(never, inForce)),
    ...(except === undefined ? [] : probesOfCondition(except, [when])),
  ]
}

function probesOfCondition(condition: Condition, given: readonly Condition[]): readonly Probe[] {
  return atomsOf(condition).flatMap((atom) => [
    { range: atom.range, whenTrue: and([...given, atom]), whenFalse: and([...given, not(atom)]) },
    ...selectorsOf(atom).flatMap((selector) => probesOfSelector(selector, given, isRelation(atom) ? 1 : 2)),
  ])
}

/**
 * The parts of a filter, where it has at least so many: a filter of one says no more than the condition it is in, but an
 * order may be false for what the filters of its spans have no part in.
 */
function probesOfSelector(selector: Selector, given: readonly Condition[], least: 1 | 2): readonly Probe[] {
  const { filters, events = [] } = selector
  const tests = testsOf(filters)
  const parts = tests.length + events.length < least ? [] : [...tests, ...events]
  return [
    ...parts.map((part) => (part.kind === 'event' ? probeOfEvent(selector, part) : probeOfTest(selector, part))),
    ...events.flatMap((event) => probesOfEventFilter(selector, event)),
  ].map(({ range, whenTrue, whenFalse }) => ({
    range,
    whenTrue: and([...given, whenTrue]),
    whenFalse: and([...given, whenFalse]),
  }))
}

function probeOfTest(selector: Selector, test: Test): Probe {
  const some = (filter: Filter) => has({ ...bare(selector), filters: [filter] })
  return { range: test.range, whenTrue: some(test), whenFalse: some(not(test)) }
}

/** False where some span has no such event. */
function probeOfEvent(selector: Selector, event: EventSelector): Probe {
  const { range } = event
  const having = { ...bare(selector), events: [event] }
  const count = (counted: Selector) => ({ kind: 'count', selector: counted, range }) as const
  const some: Test = { kind: 'comparison', operator: '<', left: count(having), right: count(bare(selector)), range }
  return { range, whenTrue: has(having), whenFalse: some }
}

function probesOfEventFilter(selector: Selector, event: EventSelector): readonly Probe[] {
  const tests = testsOf(event.filters)
  const some = (filter: Filter) => has({ ...bare(selector), events: [{ ...event, filters: [filter] }] })
  return tests.length < 2
    ? []
    : tests.map((test) => ({ range: test.range, whenTrue: some(test), whenFalse: some(not(test)) }))
}

function has(selector: Selector): Condition {
  return { kind: 'has', selector, range: selector.range }
}

function bare({ name, range }: Selector): Selector {
  return { kind: 'selector', name, filters: [], range }
}

function testsOf(filters: readonly Filter[]): readonly Test[] {
  return filters.flatMap(atomsOf).filter(isTest)
}

/** Filters are conditions too, of tests only. */
function atomsOf(condition: Condition): readonly Atom[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.operands.flatMap(atomsOf)
    case 'not':
      return atomsOf(condition.operand)
    default:
      return [condition]
  }
}

function isTest(atom: Atom): atom is Test {
  return !['has', 'all', 'order', 'structure', 'boundWhere'].includes(atom.kind)
}

function isRelation({ kind }: Atom): boolean {
  return kind === 'order' || kind === 'structure'
}

function selectorOf(reference: SpanReference): readonly Selector[] {
  return reference.kind === 'bound' ? [] : [reference]
}

function selectorsOf(atom: Atom): readonly Selector[] {
  switch (atom.kind) {
    case 'has':
      return [atom.selector]
    case 'all':
      return [{ ...atom.selector, filters: [...atom.selector.filters, ...atom.filters] }]
    case 'order':
    case 'structure':
      return [...selectorOf(atom.left), ...selectorOf(atom.right)]
    case 'boundWhere':
      return []
    default:
      return [...operandsOf(atom)].flatMap((operand) =>
        operand.kind === 'count' || operand.kind === 'aggregate' ? [operand.selector] : [],
      )
  }
}

function and(operands: readonly Condition[]): Condition {
  const [first, ...rest] = operands
  if (first === undefined) throw new Error('nothing to join')
  return rest.length === 0 ? first : { kind: 'and', operands, range: first.range }
}

function not<Inner extends Condition | Filter>(operand: Inner) {
  return { kind: 'not', operand, range: operand.range } as const
}
