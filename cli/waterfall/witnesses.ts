import type { CheckedRule } from '../../shared/rules/ast.ts'
import { cut } from '../../shared/rules/evidence/wording.ts'
import type { SpanEvidence, Verdict } from '../../shared/rules/judge/verdict.ts'
import type { Trace } from '../../shared/trace/span.ts'

/** The spans that broken rules name in their evidence: those that broke them, and those that nearly kept them. */
export interface Witnesses {
  /** The mark before a span, by its position in the trace: `►1,3`, or `~1` before near misses. */
  readonly marks: ReadonlyMap<number, string>
  /** The sign of each broken rule that has witnesses: `►1`. */
  readonly signs: ReadonlyMap<CheckedRule, string>
}

const SIGN = '►'
const NEAR_MISS_SIGN = '~'
/** How many rules are named by number before one span. */
const MAX_NUMBERS = 2

export function witnessesOf({ spans }: Trace, verdicts: readonly Verdict[]): Witnesses {
  const positions = new Map<string, number[]>()
  spans.forEach(({ spanId, name }, position) => {
    const key = `${spanId} ${cut(name)}`
    const known = positions.get(key)
    if (known === undefined) positions.set(key, [position])
    else known.push(position)
  })
  const found = new Map<number, Set<number>>()
  const missed = new Map<number, Set<number>>()
  const signs = new Map<CheckedRule, string>()
  for (const { rule, outcome, evidence } of verdicts) {
    const clauses = outcome === 'violated' ? (evidence?.clauses ?? []) : []
    const witnesses = clauses.flatMap((clause) => clause.spans)
    const nearMisses = clauses.flatMap((clause) => clause.nearMisses)
    if (witnesses.length + nearMisses.length === 0) continue
    const number = signs.size + 1
    signs.set(rule, `${SIGN}${number}`)
    const note = (numbers: Map<number, Set<number>>, spans: readonly SpanEvidence[]) => {
      for (const position of spans.flatMap(({ spanId, name }) => positions.get(`${spanId} ${name}`) ?? [])) {
        numbers.set(position, (numbers.get(position) ?? new Set()).add(number))
      }
    }
    note(found, witnesses)
    note(missed, nearMisses)
  }
  const marks = new Map<number, string>()
  for (const [position, numbers] of found) marks.set(position, markOf(SIGN, [...numbers]))
  for (const [position, numbers] of missed) {
    if (!marks.has(position)) marks.set(position, markOf(NEAR_MISS_SIGN, [...numbers]))
  }
  return { marks, signs }
}

function markOf(sign: string, numbers: readonly number[]): string {
  return `${sign}${numbers.slice(0, MAX_NUMBERS).join()}${numbers.length > MAX_NUMBERS ? ',…' : ''}`
}
