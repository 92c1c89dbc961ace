import type { CheckedRule, Condition, Rule } from '../ast.ts'
import { revisionOf } from '../print/canonical.ts'
import { inOrder, MAX_PROBLEMS, type RuleProblem, type TextProblem, withinLimit } from '../problem.ts'
import { closed, list, type More, newListing, type OpenListing, roomIn } from '../read/listing.ts'
import type { ReadDefinitions } from '../read/parse.ts'
import { openingRules } from '../read/read.ts'
import { type OpenFile, openRead, type ReadFile, type ReadRule, type UnreadRule } from '../read/rule-file.ts'
import { finished } from '../read/stepwise.ts'
import { newPartBudget } from '../resolve/definitions.ts'
import { testsOf } from '../walk.ts'
import { reportKindMismatches } from './kinds.ts'
import { reportLongLists } from './lists.ts'
import type { Pass } from './pass.ts'
import { reportConstantComparisons, reportSeveralGroupings, reportSpanValuesOutsideWhere } from './places.ts'
import { reportUnusableRegexes } from './regexes.ts'

/** One file of rules by the name shown in problems; `.yaml` and `.yml` are packs, all else is rule text. */
export interface RuleFile {
  readonly file: string
  readonly text: string
}

/** What became of a set of rules. */
export interface CheckedRules {
  readonly rules: readonly CheckedRule[]
  /** The first 1,000, by file as given, then by place. */
  readonly problems: readonly RuleProblem[]
  /** Those that are not among these. */
  readonly more: More
  /** Rules found, good or bad. */
  readonly ruleCount: number
  /** The names of those with problems. */
  readonly rejected: ReadonlySet<string>
  /** Files with a problem that belongs to no rule with a name. */
  readonly troubledFiles: ReadonlySet<string>
}

/** Rules in one set; the rest of a larger one is counted and not read. */
const MAX_RULES = 10_000

/** Makes the passes for a set, in this order; each looks at the whole rule and reports all it finds. */
function passesOfSet(): readonly Pass[] {
  return [
    reportSpanValuesOutsideWhere,
    reportKindMismatches,
    reportConstantComparisons,
    reportSeveralGroupings,
    reportUnusableRegexes(),
    reportLongLists,
  ]
}

/**
 * Parses and checks a whole set of rules. The problems of all files are counted, the first 1,000 returned; a rule with a
 * problem is left out of `rules` and never stops another. Never throws for bad input. Takes time linear in the text.
 */
export function checkRules(files: readonly RuleFile[]): CheckedRules {
  return finished(checkingRules(files))
}

/** The same in steps of a rule: between them a server can answer requests. */
export function* checkingRules(files: readonly RuleFile[]): Generator<void, CheckedRules> {
  const set = newSet()
  const budget = newPartBudget()
  for (const { file, text } of files) {
    const open = yield* openingRules(file, text, budget)
    yield* checkingFile(file, open, set)
  }
  return checkedSet(set)
}

/** A file that was read already. */
export interface ReadSource {
  readonly file: string
  readonly read: ReadFile
}

/** The same for files that were read already. */
export function checkRead(files: readonly ReadSource[]): CheckedRules {
  const set = newSet()
  for (const { file, read } of files) finished(checkingFile(file, openRead(read), set))
  return checkedSet(set)
}

interface RuleSet {
  readonly rules: CheckedRule[]
  readonly passes: readonly Pass[]
  /** Where each name was first given. */
  readonly places: Map<string, Place>
  readonly problems: OpenListing<RuleProblem>
  readonly rejected: Set<string>
  readonly troubledFiles: Set<string>
  ruleCount: number
}

type Place = { readonly file: string; readonly line: number }

function newSet(): RuleSet {
  const sets = { places: new Map(), rejected: new Set<string>(), troubledFiles: new Set<string>() }
  return { rules: [], passes: passesOfSet(), problems: newListing(), ruleCount: 0, ...sets }
}

function checkedSet({ rules, problems, ruleCount, rejected, troubledFiles }: RuleSet): CheckedRules {
  const { items, more } = closed(problems)
  return { rules, problems: items, more, ruleCount, rejected, troubledFiles }
}

/** Problems of a text: all are counted, and as many kept as are listed. */
interface Found<Kept extends TextProblem> {
  readonly kept: Kept[]
  count: number
}

/** Problems of one file while it is checked. */
interface FileProblems {
  readonly ofRules: Found<RuleProblem>
  /** Those of definitions and of the file itself. */
  readonly outside: Found<TextProblem>
}

function* checkingFile(file: string, { outside, rules }: OpenFile, set: RuleSet): Generator<void> {
  const found: FileProblems = { ofRules: { kept: [], count: 0 }, outside: { kept: [], count: 0 } }
  addOutside(found, outside, set)
  for (const unread of rules) {
    set.ruleCount += 1
    if (set.ruleCount > MAX_RULES + 1) continue
    if (set.ruleCount > MAX_RULES) addOfRule(found, file, unread.named().name, [tooMany(unread)], set)
    else checkRule(file, unread, found, set)
    yield
  }
  const outsideRules = withinLimit(found.outside.kept, found.outside.count)
  if (outsideRules.length > 0) set.troubledFiles.add(file)
  const all = [...found.ofRules.kept, ...outsideRules.map((problem): RuleProblem => ({ ...problem, file }))]
  all.sort((left, right) => left.range.start.offset - right.range.start.offset)
  list(set.problems, file, all, found.ofRules.count + outsideRules.length)
}

function checkRule(file: string, unread: UnreadRule, found: FileProblems, set: RuleSet): void {
  const { rule: entry, definitions } = unread.read()
  addOutside(found, definitions, set)
  const problems = inOrder([...duplicateOf(file, entry, set), ...entry.problems, ...problemsOf(entry, set)])
  if (problems.length > 0) addOfRule(found, file, entry.name, withinLimit(problems), set)
  else if (entry.rule !== undefined) set.rules.push(checkedRule(entry.rule, file))
}

function addOutside({ outside }: FileProblems, definitions: ReadDefinitions, set: RuleSet): void {
  const problems = inOrder([...definitions.problems, ...problemsOf(definitions, set)])
  outside.count += problems.length
  for (const problem of problems) if (outside.kept.length <= MAX_PROBLEMS) outside.kept.push(problem)
}

function addOfRule(
  { ofRules }: FileProblems,
  file: string,
  name: string | undefined,
  problems: readonly TextProblem[],
  set: RuleSet,
): void {
  ofRules.count += problems.length
  if (name === undefined) set.troubledFiles.add(file)
  else set.rejected.add(name)
  const room = Math.max(0, roomIn(set.problems) - ofRules.kept.length)
  for (const problem of problems.slice(0, room))
    ofRules.kept.push({ ...problem, file, ...(name !== undefined && { rule: name }) })
}

function checkedRule(rule: Rule, file: string): CheckedRule {
  return { ...rule, file, revision: revisionOf(rule.body) } as CheckedRule
}

function tooMany(unread: UnreadRule): TextProblem {
  const message = `a set holds at most ${MAX_RULES.toLocaleString('en')} rules: this one and those after it are not read`
  return {
    code: 'too-many-rules',
    message,
    hint: 'leave this and the following rules out',
    range: unread.named().nameRange,
  }
}

function duplicateOf(file: string, { name, nameRange }: ReadRule, { places }: RuleSet): readonly TextProblem[] {
  if (name === undefined) return []
  const first = places.get(name)
  if (first === undefined) {
    places.set(name, { file, line: nameRange.start.line })
    return []
  }
  const message = `${name} is already the name of the rule at ${first.file}:${first.line}`
  return [{ code: 'duplicate-rule', message, hint: 'give this rule another name', range: nameRange }]
}

function problemsOf(
  { conditions }: { readonly conditions: readonly Condition[] },
  { passes }: RuleSet,
): readonly TextProblem[] {
  if (conditions.length === 0) return []
  const found: TextProblem[] = []
  const tests = testsOf(conditions)
  for (const pass of passes) pass(tests, (problem) => found.push(problem))
  return found
}
