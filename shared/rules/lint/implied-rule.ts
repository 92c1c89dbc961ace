import type { CheckedRule, Severity } from '../ast.ts'
import { type Cases, type Claim, casesOf } from './cases.ts'
import { contradiction } from './contradiction.ts'
import type { RuleFacts } from './facts.ts'
import { globEndsOf, type Subjects, subjectsNeeded, subjectsOffered } from './subjects.ts'
import type { Lint } from './warning.ts'

/** How far the search for one rule goes: rules looked at, and those of them compared in depth, which takes ten times as long. */
interface Effort {
  readonly lookedAt: number
  readonly compared: number
}

/** So far in a small set; in a large one every rule gets its share of what a set may cost. */
const MOST: Effort = { lookedAt: 500, compared: 100 }
const OF_SET: Effort = { lookedAt: 500_000, compared: 30_000 }
const LEAST: Effort = { lookedAt: 20, compared: 2 }

/** A rule that never says anything another one has not said, at the same severity or a higher one. */
export const reportImpliedRules: Lint = ({ rules }) => {
  const find = wideRulesOf(rules)
  return ({ rule }, report) => {
    const wide = find(rule)
    if (wide === undefined) return
    const { name, file, range, severity } = wide
    report({
      code: 'implied-rule',
      message: `every trace that breaks this rule breaks ${name} (${file}:${range.start.line}) too`,
      hint:
        severity === 'critical'
          ? 'remove this rule, or correct its condition'
          : `remove this rule, give it a higher severity than ${severity}, or correct its condition`,
      range: rule.nameRange,
    })
  }
}

/** A rule and what of it is compared. */
interface RuleReading {
  readonly rule: CheckedRule
  readonly facts: RuleFacts
  readonly index: number
  readonly violated: Cases
  /** Ways of keeping to the rule; undefined where they cannot be compared with what violates another. */
  readonly kept: Cases
  /** For each way of violating the rule what another must read to imply it. */
  readonly needed: readonly Subjects[]
}

/** Prepares the search for a rule that another one implies. */
function wideRulesOf(rules: readonly RuleFacts[]): (narrow: CheckedRule) => CheckedRule | undefined {
  const read = rules.map(readingOf)
  const own = new Map(read.map((reading) => [reading.rule, reading]))
  const globs = globEndsOf(read.flatMap(({ needed }) => needed))
  const { byRarest, sought } = indexByRarest(read)
  const equal = firstOfEach(read)
  const effort = effortIn(rules.length)
  return (rule) => {
    const narrow = own.get(rule)
    if (narrow === undefined || narrow.facts.neverFires) return undefined
    const same = equal(narrow)
    if (same !== undefined) return same.rule
    const offered = subjectsOffered(narrow.facts, globs)
    let compared = 0
    for (const wide of near(byRarest, offered, narrow, effort.lookedAt)) {
      if (!maySayMore(wide, narrow) || !readsAll(offered, sought.get(wide))) continue
      if (implies(narrow, wide) && !(isBefore(narrow, wide) && implies(wide, narrow))) return wide.rule
      compared += 1
      if (compared === effort.compared) return undefined
    }
    return undefined
  }
}

function readingOf(facts: RuleFacts, index: number): RuleReading {
  const { rule, violated, binds, violation } = facts
  // Names that two rules give to spans have nothing to do with each other.
  const kept = binds ? undefined : casesOf(violation, false)
  const needed = kept === undefined || violated === undefined ? [] : violated.map(subjectsNeeded)
  return { rule, facts, index, violated, kept, needed }
}

function effortIn(ruleCount: number): Effort {
  const share = (what: keyof Effort) => Math.floor(OF_SET[what] / ruleCount)
  const within = (what: keyof Effort) => Math.min(MOST[what], Math.max(LEAST[what], share(what)))
  return { lookedAt: within('lookedAt'), compared: within('compared') }
}

/** What every rule reads. */
const ANYTHING = 'anything'

type ByRarest = ReadonlyMap<string, readonly RuleReading[]>

/** What each rule needs, the rarest subject of each way first: what another rule lacks is found soon. */
type SoughtFirst = ReadonlyMap<RuleReading, readonly (readonly string[])[]>

/** Each rule under the rarest of what each way of violating it needs: one that implies it reads that as well. */
function indexByRarest(read: readonly RuleReading[]): { readonly byRarest: ByRarest; readonly sought: SoughtFirst } {
  const frequency = new Map<string, number>()
  for (const { needed } of read)
    for (const subjects of needed)
      for (const subject of subjects) frequency.set(subject, (frequency.get(subject) ?? 0) + 1)
  const rules = new Map<string, RuleReading[]>()
  const sought = new Map<RuleReading, readonly (readonly string[])[]>()
  for (const reading of read) {
    const ways = reading.needed.map((subjects) => rarestFirst(subjects, frequency))
    sought.set(reading, ways)
    for (const subject of new Set(ways.map(([rarest = ANYTHING]) => rarest))) {
      const known = rules.get(subject)
      if (known === undefined) rules.set(subject, [reading])
      else known.push(reading)
    }
  }
  return { byRarest: rules, sought }
}

function rarestFirst(subjects: Subjects, frequency: ReadonlyMap<string, number>): readonly string[] {
  const countOf = (subject: string) => frequency.get(subject) ?? 0
  return [...subjects].sort((left, right) => countOf(left) - countOf(right))
}

/** Rules that may be implied by one that reads this, the first of them. */
function* near(byRarest: ByRarest, offered: Subjects, narrow: RuleReading, lookedAt: number): Generator<RuleReading> {
  let looked = 0
  for (const subject of [...offered, ANYTHING]) {
    for (const wide of byRarest.get(subject) ?? []) {
      if (wide !== narrow) yield wide
      looked += 1
      if (looked === lookedAt) return
    }
  }
}

/** Finds for a rule the one of equal meaning that stays, where that is another. */
function firstOfEach(read: readonly RuleReading[]): (narrow: RuleReading) => RuleReading | undefined {
  const first = new Map<string, RuleReading>()
  const firstLive = new Map<string, RuleReading>()
  for (const reading of read) {
    const { revision, metadata } = reading.rule
    for (const known of metadata.mode === 'live' ? [first, firstLive] : [first]) {
      const before = known.get(revision)
      if (before === undefined || isBefore(reading, before)) known.set(revision, reading)
    }
  }
  return (narrow) => {
    const { revision, metadata } = narrow.rule
    const other = (metadata.mode === 'live' ? firstLive : first).get(revision)
    return other === narrow ? undefined : other
  }
}

const RANKS: Readonly<Record<Severity, number>> = { critical: 4, high: 3, medium: 2, low: 1, info: 0 }

function maySayMore(wide: RuleReading, narrow: RuleReading): boolean {
  if (RANKS[narrow.rule.severity] > RANKS[wide.rule.severity]) return false
  return wide.rule.metadata.mode !== 'shadow' || narrow.rule.metadata.mode !== 'live'
}

/** Whether a rule reads all that one of the ways needs. */
function readsAll(offered: Subjects, ways: readonly (readonly string[])[] = []): boolean {
  return ways.some((subjects) => subjects.every((subject) => offered.has(subject)))
}

/** More pairs than this of a way to violate one rule and a way to keep the other are not looked into. */
const MAX_PAIRS = 64

/** Whether no trace violates the one rule and keeps the other. */
function implies({ violated }: RuleReading, { kept }: RuleReading): boolean {
  if (violated === undefined || kept === undefined || violated.length * kept.length > MAX_PAIRS) return false
  return violated.every((one: readonly Claim[]) =>
    kept.every((other) => contradiction([...one, ...other]) !== undefined),
  )
}

/** Of two rules that say the same, the first one stays; at unlike severities the higher one. */
function isBefore(one: RuleReading, other: RuleReading): boolean {
  const higher = RANKS[one.rule.severity] - RANKS[other.rule.severity]
  return higher > 0 || (higher === 0 && one.index < other.index)
}
