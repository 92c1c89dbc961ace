import type { Condition, Has, Rule } from '../ast.ts'
import { namesFromOutside, usesNames } from '../binding/references.ts'
import { witnessOf, witnessOfInvariant } from '../binding/witness.ts'
import { startCounting } from '../judge/run.ts'
import { GivenUp, MAX_STEPS } from '../judge/steps.ts'
import type { Block, ClauseEvidence, Evidence } from '../judge/verdict.ts'
import { printCondition } from '../print/print.ts'
import { fitEvidence } from './fit.ts'
import { inspectAtom } from './inspect.ts'
import type { Inspection } from './inspection.ts'
import { select } from './selection.ts'
import { noMisses } from './spans.ts'
import { cut } from './wording.ts'

/** Clauses longer than this are cut: their parts follow in full. */
const MAX_CLAUSE_LENGTH = 200

/** Spans that are tried for a name where none makes its condition true. */
const MAX_TRIED = 20

interface Explained {
  readonly holds: boolean
  /** The clause and its parts. */
  readonly clauses: readonly ClauseEvidence[]
}

/** Where an explanation stands, and whether it takes in the parts that decided nothing. */
interface Place {
  readonly block: Block
  readonly depth: number
  readonly whole: boolean
}

/** A trace as the rules of a set see it. */
type View = Omit<Inspection, 'names'>

/** What led to a violation, within the size a signal may have. */
export function evidenceOf(view: View, rule: Rule): Evidence {
  return seenBy(view, rule, (inspection) => {
    const blocks = blocksOf(rule.body).map(([block, condition]) => explainBlock(inspection, condition, block, false))
    return fitEvidence(blocks.filter(isDecisive).flatMap(({ clauses }) => clauses))
  })
}

/** Everything that was seen, clause by clause, whatever the verdict. */
export function wholeEvidence(view: View, rule: Rule): Evidence {
  return seenBy(view, rule, (inspection) => {
    const blocks = blocksOf(rule.body).map(([block, condition]) => explainBlock(inspection, condition, block, true))
    return { clauses: blocks.flatMap(({ clauses }) => clauses), truncated: false }
  })
}

function seenBy(view: View, rule: Rule, look: (inspection: Inspection) => Evidence): Evidence {
  startCounting(view.run)
  try {
    return look(inspectionOf(view, rule.body))
  } catch (error) {
    if (error instanceof GivenUp) return givenUpEvidence(rule)
    throw error
  }
}

/** Of a rule that was given up nothing was seen. */
export function givenUpEvidence({ body }: Rule): Evidence {
  const [first] = blocksOf(body)
  const seen = `given up after ${MAX_STEPS.toLocaleString('en')} steps: the rule compares too many spans with each other`
  const nothing = { holds: false, seen, spans: [], spanCount: 0, ...noMisses }
  const clauses =
    first === undefined ? [] : [{ ...head(first[1], { block: first[0], depth: 0, whole: true }), ...nothing }]
  return { clauses, truncated: false }
}

/** The trace with the spans of the names that decided the verdict. */
function inspectionOf(view: View, body: Rule['body']): Inspection {
  const unbound: Inspection = { ...view, names: new Map() }
  if (body.kind === 'pattern' || !usesNames(body)) return unbound
  const names = witnessOfInvariant(view.set.planner, view.run, body)
  return names === undefined ? enterScope(unbound, body.when) : { ...view, names }
}

function blocksOf(body: Rule['body']): readonly (readonly [Block, Condition])[] {
  if (body.kind === 'pattern') return [['pattern', body.condition]]
  const blocks: readonly (readonly [Block, Condition | undefined])[] = [
    ['when', body.when],
    ['always', body.always],
    ['never', body.never],
    ['except when', body.except],
  ]
  return blocks.filter((entry): entry is readonly [Block, Condition] => entry[1] !== undefined)
}

/** Of a violation: an `always` that holds and a `never` that does not had no part in it. */
function isDecisive({ block, holds }: Explained & { readonly block: Block }): boolean {
  return block === 'always' ? !holds : block === 'never' ? holds : true
}

/** A block that is an `and` is shown as its operands, any other condition as one. */
function explainBlock(inspection: Inspection, condition: Condition, block: Block, whole: boolean) {
  const place: Place = { block, depth: 0, whole }
  const inside = enterScope(inspection, condition)
  if (condition.kind !== 'and') return { block, ...explain(inside, condition, place) }
  const { holds, parts } = explainParts(inside, condition, place)
  return { block, holds, clauses: parts }
}

function explain(inspection: Inspection, condition: Condition, place: Place): Explained {
  if (condition.kind === 'and' || condition.kind === 'or') return explainGroup(inspection, condition, place)
  if (condition.kind !== 'not') {
    const seen = inspectAtom(inspection, condition)
    return { holds: seen.holds, clauses: [{ ...head(condition, place), ...seen }] }
  }
  const inner = explain(enterScope(inspection, condition.operand), condition.operand, place)
  const [first, ...parts] = inner.clauses
  const clause = { ...(first as ClauseEvidence), ...head(condition, place), holds: !inner.holds }
  return { holds: !inner.holds, clauses: [clause, ...parts] }
}

/** Finds spans for the names that a condition binds: those that make it true, or else those that come nearest. */
function enterScope(inspection: Inspection, condition: Condition): Inspection {
  const { set, run, names } = inspection
  const binding = boundIn(condition).filter(({ as }) => as !== undefined && !names.has(as.id))
  if (binding.length === 0) return inspection
  // Where no span could be bound outside, all of the condition cannot be true.
  const isOpen = [...namesFromOutside(condition)].some((id) => !names.has(id))
  const found = isOpen ? undefined : witnessOf(set.planner, run, condition, names)
  if (found !== undefined) return { ...inspection, names: found }
  return binding.reduce((inside, has) => nearestBinding(inside, has, condition), inspection)
}

/** Among the first spans that a name may be bound to, the one for which most of the condition holds. */
function nearestBinding(inspection: Inspection, { as, selector }: Has, condition: Condition): Inspection {
  const parts = conjunctsOf(condition)
  const choices = select(inspection, selector)
    .passing.slice(0, MAX_TRIED)
    .map((position) => ({ ...inspection, names: new Map([...inspection.names, [as?.id ?? -1, position] as const]) }))
  const held = (inside: Inspection) =>
    parts.filter((part) => explain(inside, part, { block: 'pattern', depth: 0, whole: false }).holds).length
  const [first, ...rest] = choices.map((inside) => ({ inside, count: held(inside) }))
  return first === undefined ? inspection : rest.reduce((a, b) => (b.count > a.count ? b : a), first).inside
}

function boundIn(condition: Condition): readonly Has[] {
  return conjunctsOf(condition).filter((part): part is Has => part.kind === 'has' && part.as !== undefined)
}

function conjunctsOf(condition: Condition): readonly Condition[] {
  return condition.kind === 'and' ? condition.operands.flatMap(conjunctsOf) : [condition]
}

type Group = Extract<Condition, { readonly kind: 'and' | 'or' }>

function explainGroup(inspection: Inspection, group: Group, place: Place): Explained {
  const { holds, seen, parts } = explainParts(inspection, group, { ...place, depth: place.depth + 1 })
  const clause = { ...head(group, place), holds, seen, spans: [], spanCount: 0, nearMisses: [], nearMissCount: 0 }
  return { holds, clauses: [clause, ...parts] }
}

function explainParts(inspection: Inspection, { kind, operands }: Group, place: Place) {
  const parts = operands.map((operand) =>
    explain(kind === 'or' ? enterScope(inspection, operand) : inspection, operand, place),
  )
  const holding = parts.filter((part) => part.holds).length
  const holds = kind === 'and' ? holding === parts.length : holding > 0
  const decisive = parts.filter((part) => place.whole || part.holds === holds)
  return { holds, seen: sayParts(kind, holding, parts.length), parts: decisive.flatMap(({ clauses }) => clauses) }
}

function sayParts(kind: Group['kind'], holding: number, total: number): string {
  if (holding === total) return `all ${total} hold`
  if (holding === 0) return `none of ${total} holds`
  return kind === 'or' ? `${holding} of ${total} ${holding === 1 ? 'holds' : 'hold'}` : failing(total - holding, total)
}

function failing(count: number, total: number): string {
  return `${count} of ${total} ${count === 1 ? 'does' : 'do'} not hold`
}

function head(condition: Condition, { block, depth }: Place) {
  return { block, depth, clause: cut(printCondition(condition), MAX_CLAUSE_LENGTH) }
}
