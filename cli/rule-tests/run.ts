import type { CheckedRule } from '../../shared/rules/ast.ts'
import { explain } from '../../shared/rules/evidence/explain.ts'
import { renderEvidence } from '../../shared/rules/evidence/render.ts'
import { idleOutcome, judge } from '../../shared/rules/judge/judge.ts'
import type { Outcome } from '../../shared/rules/judge/verdict.ts'
import type { Trace } from '../../shared/trace/span.ts'
import { cover, type RulesUnderTest } from './coverage.ts'
import type { Placed, RuleTest } from './test-file.ts'

/** Why a test failed: one rule that did something else than expected. */
interface Failure {
  readonly rule: string
  /** One line. */
  readonly message: string
  /** Why the rule decided as it did, a line a clause. */
  readonly evidence: readonly string[]
}

export interface TestResult {
  readonly name: string
  readonly line: number
  readonly column: number
  readonly elapsedMs: number
  /** Rules that signalled. */
  readonly signals: readonly string[]
  readonly failures: readonly Failure[]
}

/** Judges the trace of one test by all rules under test. */
export function runTest(
  test: RuleTest,
  trace: Trace,
  tested: readonly RulesUnderTest[],
  nowMs: () => number,
): TestResult {
  const startMs = nowMs()
  const failures: Failure[] = []
  const signals: string[] = []
  for (const under of tested) {
    const outcomes = outcomesOf(under, trace)
    cover(under, trace, outcomes)
    for (const [rule, outcome] of outcomes) {
      if (outcome === 'violated') signals.push(rule.name)
      const message = messageFor(test, rule, outcome)
      if (message !== undefined) failures.push({ rule: rule.name, message, evidence: evidenceFor(under, trace, rule) })
    }
  }
  const { line, column } = test.name.range.start
  return { name: test.name.text, line, column, elapsedMs: nowMs() - startMs, signals, failures }
}

function outcomesOf({ set, rules }: RulesUnderTest, trace: Trace): ReadonlyMap<CheckedRule, Outcome> {
  const outcomes = new Map(rules.map((rule) => [rule, idleOutcome(rule)]))
  for (const { rule, outcome } of judge(set, trace)) outcomes.set(rule, outcome)
  return outcomes
}

function messageFor(test: RuleTest, { name }: CheckedRule, outcome: Outcome): string | undefined {
  if (outcome === 'inconclusive') return `${name} is given up on this trace: it takes too many steps`
  const names = (expected: readonly Placed[]) => expected.some(({ text }) => text === name)
  const found = outcome === 'violated' ? 'it signals' : `it is ${outcome}`
  if (names(test.signals)) return outcome === 'violated' ? undefined : `${name} is to signal; ${found}`
  if (names(test.satisfied)) return outcome === 'satisfied' ? undefined : `${name} is to be satisfied; ${found}`
  if (names(test.vacuous)) return outcome === 'vacuous' ? undefined : `${name} is to be vacuous; ${found}`
  return outcome === 'violated' ? `${name} signals; no signal of it is expected` : undefined
}

function evidenceFor({ set }: RulesUnderTest, trace: Trace, rule: CheckedRule): readonly string[] {
  const evidence = explain(set, trace).find((verdict) => verdict.rule === rule)?.evidence
  return evidence === undefined ? [] : renderEvidence(evidence)
}
