import type { Condition, Rule } from '../ast.ts'
import { printCondition } from '../print.ts'
import type { Block, ClauseEvidence, Evidence } from '../verdict.ts'
import { fitEvidence } from './fit.ts'
import { inspectAtom } from './inspect.ts'
import type { Inspection } from './inspection.ts'
import { cut } from './wording.ts'

/** Clauses longer than this are cut: their parts follow in full. */
const maxClause = 200

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

/** What led to a violation, within the size a signal may have. */
export function evidenceOf(inspection: Inspection, { body }: Rule): Evidence {
  const blocks = blocksOf(body).map(([block, condition]) => explainBlock(inspection, condition, block, false))
  return fitEvidence(blocks.filter(isDecisive).flatMap(({ clauses }) => clauses))
}

/** Everything that was seen, clause by clause, whatever the verdict. */
export function wholeEvidence(inspection: Inspection, { body }: Rule): Evidence {
  const blocks = blocksOf(body).map(([block, condition]) => explainBlock(inspection, condition, block, true))
  return { clauses: blocks.flatMap(({ clauses }) => clauses), truncated: false }
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

/** A block that is an `and` is told by its operands, any other condition by itself. */
function explainBlock(inspection: Inspection, condition: Condition, block: Block, whole: boolean) {
  const place: Place = { block, depth: 0, whole }
  if (condition.kind !== 'and') return { block, ...explain(inspection, condition, place) }
  const { holds, parts } = explainParts(inspection, condition, place)
  return { block, holds, clauses: parts }
}

function explain(inspection: Inspection, condition: Condition, place: Place): Explained {
  if (condition.kind === 'and' || condition.kind === 'or') return explainGroup(inspection, condition, place)
  if (condition.kind !== 'not') {
    const seen = inspectAtom(inspection, condition)
    return { holds: seen.holds, clauses: [{ ...head(condition, place), ...seen }] }
  }
  const inner = explain(inspection, condition.operand, place)
  const [first, ...parts] = inner.clauses
  const clause = { ...(first as ClauseEvidence), ...head(condition, place), holds: !inner.holds }
  return { holds: !inner.holds, clauses: [clause, ...parts] }
}

type Group = Extract<Condition, { readonly kind: 'and' | 'or' }>

function explainGroup(inspection: Inspection, group: Group, place: Place): Explained {
  const { holds, seen, parts } = explainParts(inspection, group, { ...place, depth: place.depth + 1 })
  const clause = { ...head(group, place), holds, seen, spans: [], spanCount: 0, nearMisses: [], nearMissCount: 0 }
  return { holds, clauses: [clause, ...parts] }
}

function explainParts(inspection: Inspection, { kind, operands }: Group, place: Place) {
  const parts = operands.map((operand) => explain(inspection, operand, place))
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
  return { block, depth, clause: cut(printCondition(condition), maxClause) }
}
