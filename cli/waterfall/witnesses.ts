import type { CheckedRule } from '../../shared/rules/ast.ts'
import { cut } from '../../shared/rules/evidence/wording.ts'
import type { Verdict } from '../../shared/rules/verdict.ts'
import type { Trace } from '../../shared/trace/span.ts'

/** The spans that broken rules name in their evidence. */
export interface Witnesses {
  /** What stands before a span, by its position in the trace: `►1,3`. */
  readonly marks: ReadonlyMap<number, string>
  /** The sign of each broken rule that has witnesses: `►1`. */
  readonly signs: ReadonlyMap<CheckedRule, string>
}

const SIGN = '►'
/** Before one span so many rules are told by number. */
const MAX_NUMBERS = 2

export function witnessesOf({ spans }: Trace, verdicts: readonly Verdict[]): Witnesses {
  const positions = new Map<string, number[]>()
  spans.forEach(({ spanId, name }, position) => {
    const key = `${spanId} ${cut(name)}`
    const known = positions.get(key)
    if (known === undefined) positions.set(key, [position])
    else known.push(position)
  })
  const numbers = new Map<number, Set<number>>()
  const signs = new Map<CheckedRule, string>()
  for (const { rule, outcome, evidence } of verdicts) {
    const witnesses = outcome === 'violated' ? (evidence?.clauses ?? []).flatMap((clause) => clause.spans) : []
    if (witnesses.length === 0) continue
    const number = signs.size + 1
    signs.set(rule, `${SIGN}${number}`)
    for (const { spanId, name } of witnesses) {
      for (const position of positions.get(`${spanId} ${name}`) ?? []) {
        numbers.set(position, (numbers.get(position) ?? new Set()).add(number))
      }
    }
  }
  return { marks: new Map([...numbers].map(([position, each]) => [position, markOf([...each])])), signs }
}

function markOf(numbers: readonly number[]): string {
  return `${SIGN}${numbers.slice(0, MAX_NUMBERS).join()}${numbers.length > MAX_NUMBERS ? ',…' : ''}`
}
