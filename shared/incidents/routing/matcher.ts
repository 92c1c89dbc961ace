import type { Filter, Test } from '../../rules/ast.ts'
import { type Decider, type Lookups, planLogic, planTest } from '../../rules/compile/plan-test.ts'
import { compileRegex } from '../../rules/compile/regex.ts'
import { isMissing, type Value } from '../../rules/judge/values.ts'
import { operandsOf } from '../../rules/walk.ts'
import { FACT_NAMES, FACTS, type FactName, type IncidentFacts, isFactName } from './facts.ts'

/** A condition on incidents that was checked; compiled once. */
export interface Matcher {
  /** As written. */
  readonly text: string
  readonly filter: Filter
  readonly holds: Decider<IncidentFacts>
  /** The same of each of its tests, which `holdsPerhaps` asks one by one. */
  readonly tests: ReadonlyMap<Test, Decider<IncidentFacts>>
}

/** Compiles a filter that was checked. */
export function compileMatcher(text: string, filter: Filter): Matcher {
  const tests = new Map<Test, Decider<IncidentFacts>>()
  const holds = planLogic(filter, (test: Test) => {
    const decide = planTest(test, LOOKUPS)
    tests.set(test, decide)
    return decide
  })
  return { text, filter, holds, tests }
}

/** Whether an incident is one that the matcher means; total. */
export function matches({ holds }: Matcher, incident: IncidentFacts): boolean {
  return holds(incident)
}

const nothing = () => undefined

/** Incidents have facts in place of attributes; any other dotted word is text, since incidents have no other attributes. */
const LOOKUPS: Lookups<IncidentFacts> = {
  attribute: ({ key }) => (isFactName(key) ? FACTS[key] : nothing),
  attributeOrText: (word) => (isFactName(word) ? FACTS[word] : () => word),
  nameRead: () => nothing,
  intrinsic: () => nothing,
  boundValue: () => nothing,
  count: () => nothing,
  aggregate: () => nothing,
  regex(pattern) {
    const test = compileRegex(pattern)
    if (typeof test !== 'function') throw new Error(`an unchecked matcher: ${test.message}`)
    return test
  },
}

/**
 * Whether a matcher holds of an incident while some facts are unknown: undefined where it depends on these. Total;
 * without unknown facts it says what `matches` says.
 */
export function holdsPerhaps(
  matcher: Matcher,
  incident: IncidentFacts,
  unknown: ReadonlySet<FactName>,
): boolean | undefined {
  return partHolds(matcher.filter, { matcher, incident, unknown })
}

interface Asked {
  readonly matcher: Matcher
  readonly incident: IncidentFacts
  readonly unknown: ReadonlySet<FactName>
}

function partHolds(filter: Filter, asked: Asked): boolean | undefined {
  switch (filter.kind) {
    case 'not': {
      const operand = partHolds(filter.operand, asked)
      return operand === undefined ? undefined : !operand
    }
    case 'and':
    case 'or': {
      const decides = filter.kind === 'or'
      const found = filter.operands.map((operand) => partHolds(operand, asked))
      if (found.includes(decides)) return decides
      return found.includes(undefined) ? undefined : !decides
    }
    default:
      if (factsRead(filter).some((name) => asked.unknown.has(name))) return undefined
      return asked.matcher.tests.get(filter)?.(asked.incident)
  }
}

const NONE: ReadonlySet<FactName> = new Set()

/** Why a matcher holds of an incident, or does not: the facts that decided it, as `severity is critical, no owner`. */
export function whyMatches(matcher: Matcher, incident: IncidentFacts): string {
  const deciding = new Set(decidingFacts(matcher.filter, { matcher, incident, unknown: NONE }))
  return FACT_NAMES.filter((name) => deciding.has(name))
    .map((name) => factText(name, FACTS[name](incident)))
    .join(', ')
}

function decidingFacts(filter: Filter, asked: Asked): readonly FactName[] {
  switch (filter.kind) {
    case 'not':
      return decidingFacts(filter.operand, asked)
    case 'and':
    case 'or': {
      // One operand that holds decides an `or`, one that does not an `and`.
      const decides = filter.kind === 'or'
      const one = filter.operands.find((operand) => partHolds(operand, asked) === decides)
      return (one === undefined ? filter.operands : [one]).flatMap((operand) => decidingFacts(operand, asked))
    }
    default:
      return factsRead(filter)
  }
}

/** The facts that a test reads. */
export function factsRead(test: Test): readonly FactName[] {
  return operandsOf(test).flatMap((operand) => {
    const name = operand.kind === 'attribute' ? operand.key : operand.kind === 'attributeOrText' ? operand.word : ''
    return isFactName(name) ? [name] : []
  })
}

function factText(name: FactName, value: Value): string {
  if (isMissing(value)) return `no ${name}`
  if (Array.isArray(value)) return `${name} are ${value.join(', ')}`
  return `${name} is ${String(value)}`
}
