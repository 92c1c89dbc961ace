import type { CheckedRule } from '../../shared/rules/ast.ts'
import { compileRules } from '../../shared/rules/compile/compile.ts'
import type { CompiledRules } from '../../shared/rules/compile/rule-set.ts'
import type { Outcome } from '../../shared/rules/judge/verdict.ts'
import type { Trace } from '../../shared/trace/span.ts'
import { type Clause, type ClauseProbes, observeClauses, probeClauses } from './clauses.ts'
import type { TestedRules } from './suite.ts'

/** The rules of one file, ready to judge, and what the tests so far have shown of them. */
export interface RulesUnderTest extends TestedRules {
  readonly set: CompiledRules
  readonly probes: ClauseProbes
  readonly seen: Map<Clause, Set<boolean>>
  readonly outcomes: Map<CheckedRule, Set<Outcome>>
}

/** Something of a rule that no test shows. */
export interface Gap {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly rule: string
  /** The clause as written, white space folded; missing where it is about the rule as a whole. */
  readonly clause?: string
  readonly never: 'true' | 'false' | 'signals' | 'holds'
}

export interface Coverage {
  readonly clauseCount: number
  /** Clauses that were both true and false. */
  readonly coveredCount: number
  readonly gaps: readonly Gap[]
}

export function putUnderTest(tested: TestedRules): RulesUnderTest {
  const { rules } = tested
  return {
    ...tested,
    set: compileRules(rules),
    probes: probeClauses(rules),
    seen: new Map(),
    outcomes: new Map(),
  }
}

/** Takes note of what one test shows. */
export function cover({ probes, seen, outcomes }: RulesUnderTest, trace: Trace, verdicts: Verdicts): void {
  observeClauses(probes, trace, (clause, truth) => {
    seen.set(clause, (seen.get(clause) ?? new Set()).add(truth))
  })
  for (const [rule, outcome] of verdicts) outcomes.set(rule, (outcomes.get(rule) ?? new Set()).add(outcome))
}

type Verdicts = ReadonlyMap<CheckedRule, Outcome>

/** What the tests leave open, by file and place. */
export function coverageOf(all: readonly RulesUnderTest[]): Coverage {
  const gaps: Gap[] = []
  let clauseCount = 0
  let coveredCount = 0
  for (const under of all) {
    gaps.push(...under.rules.flatMap((rule) => outcomeGaps(under, rule)))
    for (const clause of under.probes.clauses) {
      const missing = [true, false].filter((truth) => under.seen.get(clause)?.has(truth) !== true)
      clauseCount += 1
      if (missing.length === 0) coveredCount += 1
      gaps.push(...missing.map((truth) => clauseGap(under, clause, truth)))
    }
  }
  return { clauseCount, coveredCount, gaps }
}

function outcomeGaps({ source, outcomes }: RulesUnderTest, rule: CheckedRule): readonly Gap[] {
  const { line, column } = rule.nameRange.start
  const place = { file: source.file, line, column, rule: rule.name }
  const shown = outcomes.get(rule)
  return [
    ...(shown?.has('violated') === true ? [] : [{ ...place, never: 'signals' } as const]),
    ...(shown?.has('satisfied') === true ? [] : [{ ...place, never: 'holds' } as const]),
  ]
}

function clauseGap({ source }: RulesUnderTest, { rule, range }: Clause, truth: boolean): Gap {
  const text = source.text.replace(/^\uFEFF/, '').slice(range.start.offset, range.end.offset)
  return {
    file: source.file,
    line: range.start.line,
    column: range.start.column,
    rule: rule.name,
    clause: text.replace(/\s+/g, ' '),
    never: truth ? 'true' : 'false',
  }
}
