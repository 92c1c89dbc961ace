/** Whether the evidence of a violation says of the trace only what the reference interpreter finds in it as well. */
import type { Condition } from '../../shared/rules/ast.ts'
import type { ClauseEvidence } from '../../shared/rules/judge/verdict.ts'
import type { Span, Trace } from '../../shared/trace/span.ts'
import { bindings, isTrue, type Names, selected } from './interpreter.ts'
import { bodyOf } from './rules.ts'

/** The faults of the evidence, and how many of its clauses could be read again. */
export interface Audit {
  readonly faults: readonly string[]
  readonly readClauses: number
}

export function auditEvidence(clauses: readonly ClauseEvidence[], trace: Trace): Audit {
  const faults = clauses.flatMap((clause) => faultsOfSpans(clause, trace))
  const binders = bindersOf(clauses)
  // Where no choice of spans makes a condition true, its parts are described for one of those that come nearest.
  const decided = clauses.filter((each) => each.holds || !/ as \w+ and /.test(each.clause))
  // What was cut away may bind the names of its parts.
  const isCut = clauses.some(({ clause }) => /… \(\d+ characters\)$/.test(clause))
  const told = decided.filter(({ depth }) => depth === 0 || !isCut)
  const read = told.map((clause) => readAgain(clause, clauses, binders, trace)).filter((each) => each !== undefined)
  return { faults: [...faults, ...read.flat()], readClauses: read.length }
}

function faultsOfSpans({ clause, spans, spanCount, nearMisses, nearMissCount }: ClauseEvidence, trace: Trace) {
  const faults = [...spans, ...nearMisses]
    .filter((seen) => spansLike(seen, trace).length === 0)
    .map(({ spanId, name }) => `${clause}: no span ${spanId} is named ${name}`)
  const tooMany = spans.length > spanCount || nearMisses.length > nearMissCount
  return tooMany ? [...faults, `${clause}: more spans are shown than counted`] : faults
}

/** Two spans may share an id. */
function spansLike(
  { spanId, name }: { readonly spanId: string; readonly name: string },
  trace: Trace,
): readonly Span[] {
  return trace.spans.filter((span) => span.spanId === spanId && span.name === name)
}

/** The clauses that bind a name for all that follow, which show the span it is bound to. */
function bindersOf(clauses: readonly ClauseEvidence[]): readonly ClauseEvidence[] {
  const binders = clauses.filter(({ depth, clause, spans }) => {
    return depth === 0 && / as \w+$/.test(clause) && spans.length > 0
  })
  return readable(binders, clauses)
}

/** Without those that use a name that no other binds, and without those that use the names of these. */
function readable(binders: readonly ClauseEvidence[], clauses: readonly ClauseEvidence[]): readonly ClauseEvidence[] {
  const left = binders.filter(({ clause }) => !usesOther(clause, binders, clauses))
  return left.length === binders.length ? left : readable(left, clauses)
}

/** Each clause in its own words once more, of the spans that are shown for its names; undefined where it was cut. */
function readAgain(
  evidence: ClauseEvidence,
  all: readonly ClauseEvidence[],
  binders: readonly ClauseEvidence[],
  trace: Trace,
) {
  const { clause, holds, spans } = evidence
  if (usesOther(clause, binders, all)) return undefined
  const before = binders.includes(evidence) ? binders.slice(0, binders.indexOf(evidence)) : binders
  const given = conditionOf(before.map((each) => each.clause))
  const whole = conditionOf([...before.map((each) => each.clause), `(${clause})`])
  if (whole === undefined) return undefined
  const condition = before.length === 0 ? whole : whole.kind === 'and' ? whole.operands[before.length] : undefined
  if (condition === undefined) return undefined
  const chosen = given === undefined ? [new Map()] : namesShown(given, before, trace)
  if (chosen.length === 0) return [`no spans are as ${before.map((each) => each.clause).join(' and ')} shows`]
  if (!chosen.some((names) => isTrue(condition, trace, names) === holds))
    return [`it is not so that ${holds}: ${clause}`]
  if (condition.kind !== 'has' || !holds) return []
  const taken = chosen.flatMap((names) => selected(condition.selector, { trace, names }))
  return spans
    .filter((seen) => !spansLike(seen, trace).some((span) => taken.includes(span)))
    .map(({ spanId }) => `${clause} does not take ${spanId}`)
}

/** Whether a clause uses a name that is bound inside another part, which would be read as the name of a span. */
function usesOther(clause: string, binders: readonly ClauseEvidence[], all: readonly ClauseEvidence[]): boolean {
  const known = new Set(binders.flatMap((each) => namesIn(each.clause)))
  const own = new Set(namesIn(clause))
  const others = all.flatMap((each) => namesIn(each.clause)).filter((name) => !known.has(name) && !own.has(name))
  return others.some((name) => new RegExp(`(?<![.\\w])${name}(?!\\w)`).test(clause))
}

function namesIn(clause: string): readonly string[] {
  return [...clause.matchAll(/ as (\w+)/g)].map(([, name = '']) => name)
}

/** Choices of spans that are those shown. */
function namesShown(given: Condition, binders: readonly ClauseEvidence[], trace: Trace): readonly Names[] {
  const shown = binders.map(({ spans }) => spans[0])
  return [...bindings(given, trace, new Map())].filter((names) =>
    [...names.values()].every((span, i) => span.spanId === shown[i]?.spanId && span.name === shown[i]?.name),
  )
}

function conditionOf(clauses: readonly string[]): Condition | undefined {
  try {
    const body = bodyOf(clauses.join('\n and '))
    return body.kind === 'pattern' ? body.condition : undefined
  } catch {
    return undefined
  }
}
