import type {
  Aggregate,
  All,
  Atom,
  CheckedRule,
  Condition,
  Count,
  Filter,
  GroupKeys,
  NamePattern,
  Order,
  Selector,
  Structure,
  Test,
} from '../ast.ts'
import type { Planner } from '../binding/planner.ts'
import { aggregate } from '../judge/aggregate.ts'
import { countSpans, passingPositions, passingViews } from '../judge/run.ts'
import type { Value } from '../judge/values.ts'
import { finished } from '../read/stepwise.ts'
import { planOpenUntil } from '../wait/open-until.ts'
import { groupBy, groupedOperand } from './groups.ts'
import { type KeySlots, newKeySlots, spanLookups, traceLookups } from './lookups.ts'
import { indexNames } from './name-index.ts'
import { neededKeys } from './needed-keys.ts'
import type { NameGroup, Predicate, RulePlan, Run } from './plan.ts'
import { planBody } from './plan-body.ts'
import { planNarrowing } from './plan-selector.ts'
import {
  type Decider,
  type Lookups,
  planLogic,
  planOperand,
  planTest,
  type Reader,
  throughLookups,
} from './plan-test.ts'
import { compileRegex, type RegexTest } from './regex.ts'
import { someRelated } from './relation.ts'
import type { CompiledRules } from './rule-set.ts'
import { nameShape, selectorShape } from './shape.ts'
import { choosingTriggers, type Trigger } from './trigger.ts'

/** What the rules of a set have in common while they are compiled. */
interface Shared {
  readonly groups: Map<string, NameGroup>
  readonly predicates: Map<string, Predicate>
  readonly slots: Map<NameGroup, KeySlots>
  readonly trace: Lookups<Run>
  readonly regex: (pattern: string) => RegexTest
}

/**
 * Compiles rules for `judge`: closures over one index of all span names and filters they ask for, so that what several
 * rules ask is answered once a trace, and a rule costs nothing on a trace that lacks its names.
 */
export function compileRules(rules: readonly CheckedRule[]): CompiledRules {
  return finished(compilingRules(rules))
}

/** The same in steps of a rule: between them a server can answer requests. */
export function* compilingRules(rules: readonly CheckedRule[]): Generator<void, CompiledRules> {
  const shared = newShared()
  const triggers = yield* choosingTriggers(rules)
  const plans: RulePlan[] = []
  for (const [order, rule] of rules.entries()) {
    plans.push(planRule(shared, rule, order, triggers[order]))
    yield
  }
  plans.forEach((plan, order) => {
    for (const name of triggers[order] ?? []) groupOf(shared, name).triggers.push(plan)
  })
  const exact = new Map<string, NameGroup>()
  const globs = new Map<string, NameGroup>()
  for (const group of shared.groups.values()) {
    if (group.pattern.kind === 'exact') exact.set(group.pattern.name, group)
    if (group.pattern.kind === 'glob') globs.set(group.pattern.pattern, group)
  }
  return {
    rules,
    plans,
    lookup: indexNames(exact, globs),
    always: plans.filter((_, order) => triggers[order] === undefined),
    anySpan: shared.groups.get('any')?.triggers ?? [],
    groups: shared.groups,
    regex: shared.regex,
    planner: plannerOf(shared),
  }
}

function newShared(): Shared {
  const regexes = new Map<string, RegexTest>()
  const regex = (pattern: string) => remember(regexes, pattern, () => requireRegex(pattern))
  const shared: Shared = {
    groups: new Map(),
    slots: new Map(),
    predicates: new Map(),
    regex,
    trace: traceLookups(
      {
        count({ selector }) {
          const predicate = predicateOf(shared, selector)
          predicate.counted = true
          return (run) => countSpans(run, predicate)
        },
        aggregate: (node) => planAggregate(shared, node),
      },
      regex,
    ),
  }
  return shared
}

function remember<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  const before = known.get(key)
  if (before !== undefined) return before
  const made = make()
  known.set(key, made)
  return made
}

function requireRegex(pattern: string): RegexTest {
  const test = compileRegex(pattern)
  if (typeof test !== 'function') throw new Error(`an unchecked rule: ${test.message}`)
  return test
}

function planRule(shared: Shared, rule: CheckedRule, order: number, trigger: Trigger): RulePlan {
  const planner = plannerOf(shared)
  return {
    rule,
    order,
    decide: planBody(planner, rule.body),
    openUntil: planOpenUntil(planner, rule.body),
    repeats: trigger !== undefined && (trigger.length > 1 || trigger.some(({ kind }) => kind === 'glob')),
    plain: {
      satisfied: { rule, outcome: 'satisfied' },
      vacuous: { rule, outcome: 'vacuous' },
      inconclusive: { rule, outcome: 'inconclusive' },
    },
  }
}

/** What rules that bind names take from the rest of the set. */
function plannerOf(shared: Shared): Planner {
  return {
    predicate: (selector) => predicateOf(shared, selector),
    lookups: ({ name }) => spanLookups(remember(shared.slots, groupOf(shared, name), newKeySlots), shared.regex),
    condition: (condition) => planCondition(shared, condition),
    trace: shared.trace,
  }
}

function planCondition(shared: Shared, condition: Condition): Decider<Run> {
  return planLogic(condition, (atom: Atom) => {
    switch (atom.kind) {
      case 'order':
      case 'structure':
        return planRelation(shared, atom)
      case 'boundWhere':
        throw new Error(`an unchecked rule: ${atom.kind}`)
      case 'has':
        return someSpan(predicateOf(shared, atom.selector), true)
      case 'all':
        return someSpan(predicateOf(shared, exceptionsTo(atom)), false)
      default:
        return planTraceTest(shared, atom)
    }
  })
}

/** A test of groups holds where it holds of some group. */
function planTraceTest(shared: Shared, test: Test): Decider<Run> {
  const grouped = groupedOperand(test)
  if (grouped === undefined) return planTest(test, shared.trace)
  const ofRun = throughLookups(shared.trace, ({ run }: GroupScope) => run)
  const holds = planTest(test, {
    ...ofRun,
    count: (node) => (node.by === undefined ? ofRun.count(node) : valueOfGroup),
    aggregate: (node) => (node.by === undefined ? ofRun.aggregate(node) : valueOfGroup),
  })
  const valuesOf = planGroups(shared, grouped)
  return (run) => valuesOf(run).some((value) => holds({ run, value }))
}

/** What a test of groups is asked of: the number taken of one group. */
interface GroupScope {
  readonly run: Run
  readonly value: Value
}

function valueOfGroup({ value }: GroupScope): Value {
  return value
}

function planGroups(
  shared: Shared,
  grouped: (Count | Aggregate) & { readonly by: GroupKeys },
): (run: Run) => readonly Value[] {
  const predicate = predicateOf(shared, grouped.selector)
  const lookups = spanLookups(remember(shared.slots, predicate.group, newKeySlots), shared.regex)
  const keys = grouped.by.map((key) => planOperand(key, lookups))
  const read = grouped.kind === 'aggregate' ? planOperand(grouped.of, lookups) : undefined
  return (run) =>
    groupBy(passingViews(run, predicate), (view) => keys.map((key) => key(view))).map((views) =>
      read === undefined || grouped.kind === 'count' ? views.length : aggregate(grouped.function, views.map(read)),
    )
}

function planAggregate(shared: Shared, { function: of, selector, of: operand }: Aggregate): Reader<Run> {
  const predicate = predicateOf(shared, selector)
  const slots = remember(shared.slots, predicate.group, newKeySlots)
  const read = planOperand(operand, spanLookups(slots, shared.regex))
  return (run) => aggregate(of, passingViews(run, predicate).map(read))
}

function planRelation(shared: Shared, node: Order | Structure): Decider<Run> {
  if (node.left.kind === 'bound' || node.right.kind === 'bound') throw new Error(`an unchecked rule: ${node.kind}`)
  const left = predicateOf(shared, node.left)
  const right = predicateOf(shared, node.right)
  return (run) => someRelated(run, node, passingPositions(run, left), passingPositions(run, right))
}

function someSpan(predicate: Predicate, wanted: boolean): Decider<Run> {
  return (run) => countSpans(run, predicate) > 0 === wanted
}

/** The spans that `all` demands there be none of. */
export function exceptionsTo({ selector, filters, range }: All): Selector {
  const [first, ...rest] = filters
  if (first === undefined) return { ...selector, filters: [{ kind: 'or', operands: [], range }] }
  const demanded: Filter = rest.length === 0 ? first : { kind: 'and', operands: filters, range }
  return { ...selector, filters: [...selector.filters, { kind: 'not', operand: demanded, range }] }
}

function predicateOf(shared: Shared, selector: Selector): Predicate {
  const predicate = remember(shared.predicates, selectorShape(selector), () => newPredicate(shared, selector))
  predicate.uses++
  return predicate
}

function newPredicate(shared: Shared, selector: Selector): Predicate {
  const group = groupOf(shared, selector.name)
  const slots = remember(shared.slots, group, newKeySlots)
  const test = planNarrowing(selector, spanLookups(slots, shared.regex))
  return { group, number: group.predicates++, test, needs: neededKeys(selector.filters), uses: 0, counted: false }
}

function groupOf(shared: Shared, name: NamePattern): NameGroup {
  const shape = nameShape(name)
  const pattern: NamePattern = shape === 'any' ? { kind: 'any', range: name.range } : name
  return remember(shared.groups, shape, () => ({ pattern, triggers: [], predicates: 0 }))
}
