import type { CheckedRule, Rule } from './ast.ts'
import { revisionOf } from './canonical.ts'
import { reportKindMismatches } from './check/kinds.ts'
import { reportLongLists } from './check/lists.ts'
import type { Pass } from './check/pass.ts'
import { reportConstantComparisons, reportSeveralGroupings, reportSpanValuesOutsideWhere } from './check/places.ts'
import { reportUnusableRegexes } from './check/regexes.ts'
import { inOrder, type RuleProblem, type TextProblem, withinLimit } from './problem.ts'
import { readRules } from './read.ts'
import type { ReadFile, ReadRule } from './rule-file.ts'

/** One file of rules by the name shown in problems; `.yaml` and `.yml` are packs, all else is rule text. */
export interface RuleSource {
  readonly file: string
  readonly text: string
}

/** What became of a set of rules. */
export interface CheckedRules {
  readonly rules: readonly CheckedRule[]
  /** By file as given, then by place. */
  readonly problems: readonly RuleProblem[]
  /** Rules found, good or bad. */
  readonly ruleCount: number
}

/** Rules in one set; the rest of a larger one is reported and left out. */
const RULE_LIMIT = 10_000

/** In this order; each looks at the whole rule and reports all it finds. */
const PASSES: readonly Pass[] = [
  reportSpanValuesOutsideWhere,
  reportKindMismatches,
  reportConstantComparisons,
  reportSeveralGroupings,
  reportUnusableRegexes,
  reportLongLists,
]

/**
 * Parses and checks a whole set of rules. Every problem of every file is returned; a rule with a problem is left out of
 * `rules` and never stops another. Never throws for bad input.
 */
export function checkRules(files: readonly RuleSource[]): CheckedRules {
  return checkRead(files.map(({ file, text }) => ({ file, read: readRules(file, text) })))
}

/** A file that was read already. */
export interface ReadSource {
  readonly file: string
  readonly read: ReadFile
}

/** The same for files that were read already. */
export function checkRead(files: readonly ReadSource[]): CheckedRules {
  const set = { rules: [] as CheckedRule[], places: new Map<string, Place>(), ruleCount: 0 }
  const problems = files.flatMap((source) => checkFile(source, set))
  return { rules: set.rules, problems, ruleCount: set.ruleCount }
}

interface RuleSet {
  readonly rules: CheckedRule[]
  /** Where each name was first given. */
  readonly places: Map<string, Place>
  ruleCount: number
}

type Place = { readonly file: string; readonly line: number }

function checkFile({ file, read }: ReadSource, set: RuleSet): readonly RuleProblem[] {
  const outside = withinLimit(inOrder([...read.problems, ...problemsOf({ conditions: read.defined })]))
  const problems = outside.map((problem): RuleProblem => ({ ...problem, file }))
  for (const entry of read.rules) {
    set.ruleCount += 1
    const found = withinLimit(inOrder([...problemsInSet(file, entry, set), ...entry.problems, ...problemsOf(entry)]))
    problems.push(
      ...found.map((problem) => ({ ...problem, file, ...(entry.name !== undefined && { rule: entry.name }) })),
    )
    if (found.length === 0 && entry.rule !== undefined && set.ruleCount <= RULE_LIMIT)
      set.rules.push(checkedRule(entry.rule, file))
  }
  return problems.toSorted((left, right) => left.range.start.offset - right.range.start.offset)
}

function checkedRule(rule: Rule, file: string): CheckedRule {
  return { ...rule, file, revision: revisionOf(rule.body) } as CheckedRule
}

function problemsInSet(file: string, { name, nameRange }: ReadRule, set: RuleSet): readonly TextProblem[] {
  const problems: TextProblem[] = []
  if (set.ruleCount === RULE_LIMIT + 1) {
    const message = `a set holds at most ${RULE_LIMIT.toLocaleString('en')} rules`
    problems.push({ code: 'too-many-rules', message, hint: 'leave this and the following rules out', range: nameRange })
  }
  const first = name === undefined ? undefined : set.places.get(name)
  if (name !== undefined && first === undefined) set.places.set(name, { file, line: nameRange.start.line })
  if (first !== undefined) {
    const message = `${name} is already the name of the rule at ${first.file}:${first.line}`
    problems.push({ code: 'duplicate-rule', message, hint: 'give this rule another name', range: nameRange })
  }
  return problems
}

function problemsOf({ conditions }: Pick<ReadRule, 'conditions'>): readonly TextProblem[] {
  const found: TextProblem[] = []
  for (const pass of PASSES) pass(conditions, (problem) => found.push(problem))
  return found
}
