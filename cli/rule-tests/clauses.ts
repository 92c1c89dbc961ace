import type { SourceRange } from '../../shared/errors.ts'
import type { CheckedRule, Condition } from '../../shared/rules/ast.ts'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import type { CompiledRules } from '../../shared/rules/compile/rule-set.ts'
import { judge } from '../../shared/rules/judge/judge.ts'
import type { Trace } from '../../shared/trace/span.ts'
import { probesOf } from './probes.ts'

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
  readonly set: CompiledRules
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

function patternRule(rule: CheckedRule, condition: Condition): CheckedRule {
  return { ...rule, body: { kind: 'pattern', condition, range: condition.range } }
}
