import fc from 'fast-check'
import { readTestFile } from '../../cli/rule-tests/test-file.ts'
import type { Problem, SourceRange } from '../../shared/errors.ts'
import type { CheckedRule } from '../../shared/rules/ast.ts'
import { checkRules } from '../../shared/rules/check/check.ts'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import { explain } from '../../shared/rules/evidence/explain.ts'
import { renderEvidence } from '../../shared/rules/evidence/render.ts'
import { formatRules } from '../../shared/rules/format/format.ts'
import { judge } from '../../shared/rules/judge/judge.ts'
import { lintRules } from '../../shared/rules/lint/lint.ts'
import { canonicalBody, revisionOf } from '../../shared/rules/print/canonical.ts'
import { type PlacedProblem, renderProblem } from '../../shared/text/problem-text.ts'
import type { Trace } from '../../shared/trace/span.ts'
import { anySpans, relatedSpans, traceOf } from '../reference/traces.ts'
import { mutatedText, type TextPool, wordsOf } from './mutate-text.ts'
import { packTexts, ruleTestTexts, ruleTexts } from './rule-texts.ts'
import { type Bounds, bytesOf, type OpenTarget, type Target, textOf, violate } from './target.ts'

/** Somewhat more than one rule may have, so that the limit is met. */
const MOST_LENGTH = 80 * 1024

const BOUNDS: Bounds = {
  ms: (bytes) => 200 + bytes / 40,
  allocatedBytes: (bytes) => 64 * 1024 * 1024 + 8_000 * bytes,
}

/** The YAML parser makes an error with its stack of each of 80,000 commas. */
const PACK_BOUNDS: Bounds = { ...BOUNDS, ms: (bytes) => 150 + bytes / 20 }

/** A few letters, `x99999`, may draw as many spans as a trace may have. */
const TEST_BOUNDS: Bounds = { ms: (bytes) => 2_000 + bytes / 20, allocatedBytes: (bytes) => 2 ** 30 + 8_000 * bytes }

/** Rule text. */
export const grammar: Target = {
  name: 'grammar',
  about: 'rule files: read, checked, rendered, compiled, judged, formatted',
  open: async () => textTarget(ruleTexts(), BOUNDS, (text) => checkFile('a.rules', text)),
}

/** YAML packs. */
export const packs: Target = {
  name: 'packs',
  about: 'YAML packs of rules, likewise',
  open: async () => textTarget(packTexts(), PACK_BOUNDS, (text) => checkFile('a.yaml', text)),
}

/** Files of rule tests. */
export const ruleTests: Target = {
  name: 'rule-tests',
  about: '*.test.yaml files',
  open: async () => textTarget(ruleTestTexts(), TEST_BOUNDS, checkTestFile),
}

function textTarget(texts: readonly string[], bounds: Bounds, check: (text: string) => void): OpenTarget {
  const pool: TextPool = { texts, words: wordsOf(texts) }
  return {
    generate: (random) => bytesOf(mutatedText(random, pool, MOST_LENGTH)),
    check: (input) => check(textOf(input)),
    bounds,
  }
}

const traces: readonly Trace[] = fc.sample(fc.oneof(anySpans, relatedSpans), { numRuns: 12, seed: 1 }).map(traceOf)

function checkFile(file: string, text: string): void {
  const { rules, problems } = checkRules([{ file, text }])
  for (const problem of problems) checkProblem(problem, text)
  for (const warning of lintRules(rules).items) checkProblem(warning, text)
  checkRun(rules)
  for (const rule of rules) checkCanonical(rule)
  checkFormat(file, text)
}

function checkTestFile(text: string): void {
  const { problems, tests } = readTestFile(text)
  for (const problem of problems) checkProblem({ ...problem, file: 'a.test.yaml' }, text)
  for (const { trace } of tests) if (trace.kind === 'drawn') judge(compileRules([]), trace.trace)
}

/** A problem lies inside the text, and is shown without control characters on lines that the text has. */
/** Throws where a problem lies outside of its text, or cannot be shown. */
export function checkProblem(problem: PlacedProblem, text: string): void {
  checkRange(problem, problem.range, text.replace(/^\uFEFF/, ''))
  const shown = renderProblem(problem, text, { colour: false })
  if (/(?![\t\n])\p{Cc}/u.test(shown)) violate(`${problem.code} is told with control characters`)
  const lines = shown.split('\n')
  const [, , source = '', carets = ''] = lines
  const expected = problem.hint === undefined ? 4 : 5
  if (lines.length !== expected) violate(`${problem.code} is told in ${lines.length} lines`)
  if (!/^ *\| \s*\^+$/.test(carets)) violate(`${problem.code} has no caret`)
  if (carets.length > source.length + 1) violate(`the caret of ${problem.code} points beyond its line`)
  if (problem.message === '' || problem.hint === '') violate(`${problem.code} says nothing`)
}

function checkRange({ code }: Problem, { start, end }: SourceRange, text: string): void {
  const wrong = (what: string) => violate(`${code} ${what}: ${start.line}:${start.column} to ${end.line}:${end.column}`)
  if (start.offset > end.offset) wrong('ends before it starts')
  if (start.offset > text.length || end.offset > text.length + 1) wrong('stands outside of the text')
  const before = text.slice(0, start.offset)
  if (before.split('\n').length !== start.line) wrong('names another line than it stands on')
  if (start.column !== before.length - before.lastIndexOf('\n')) wrong('names another column than it stands at')
}

function checkRun(rules: readonly CheckedRule[]): void {
  if (rules.length === 0) return
  const set = compileRules(rules)
  for (const trace of traces) {
    const verdicts = judge(set, trace)
    const explained = new Map(explain(set, trace).map((verdict) => [verdict.rule, verdict]))
    for (const { rule, outcome, evidence } of verdicts) {
      const other = explained.get(rule)?.outcome
      if (other !== outcome) violate(`${rule.name} is ${outcome} when judged and ${other} when explained`)
      for (const line of evidence === undefined ? [] : renderEvidence(evidence)) {
        if (/\p{Cc}/u.test(line)) violate('evidence holds control characters')
      }
    }
  }
}

/** The canonical form reads back as the same rule. */
function checkCanonical({ body, revision, text }: CheckedRule): void {
  const canonical = canonicalBody(body)
  // Longer with all quotes, or with its definitions written out, than a rule may be.
  if (canonical.length > 60_000 || /\b(?:define|let)\b/.test(text)) return
  const { rules, problems } = checkRules([{ file: 'a.rules', text: `// Signal: A (high)\n${canonical}` }])
  const [again] = rules
  if (again === undefined) {
    const [problem] = problems
    violate(`the canonical form has a problem: ${problem?.code} ${problem?.message}\n${canonical}`)
  }
  if (revisionOf(again.body) !== revision) violate(`the canonical form reads as another rule\n${canonical}`)
}

function checkFormat(file: string, text: string): void {
  const formatted = formatRules(file, text)
  if ('problems' in formatted) return
  const again = formatRules(file, formatted.text)
  if ('problems' in again) violate(`formatted text has a problem: ${again.problems[0]?.code}`)
  if (again.text !== formatted.text) violate('formatting formatted text changes it')
}
