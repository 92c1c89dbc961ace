import type { Structure } from '../ast.ts'
import { askAbove } from '../judge/ancestors.ts'
import { membersOf } from '../judge/lineage.ts'
import { lineageOfRun } from '../judge/run.ts'
import type { Inspection, Seen } from './inspection.ts'
import { inspectEmptySides, nameAt, type Side, sayMany, sayOne, sideOf } from './sides.ts'
import { MAX_SPANS, noMisses, spanEvidence } from './spans.ts'

/** How many spans are described with the spans above them. */
const MAX_TOLD = 3

/** Says which spans of the left are under which of the right, or what they are under instead. */
export function inspectStructure(inspection: Inspection, node: Structure): Seen {
  const left = sideOf(inspection, node.left)
  const right = sideOf(inspection, node.right)
  const empty = inspectEmptySides(inspection, [left, right])
  if (empty !== undefined) return empty
  const above = askAbove(lineageOfRun(inspection.run), right.passing, node.relation === 'directly under')
  const holding = left.passing.filter((position) => above(position) !== undefined)
  const count = `${holding.length} of ${sayMany(left)} ${holding.length === 1 || left.passing.length === 1 ? 'is' : 'are'} ${node.relation} ${sayOne(right)}`
  const [first] = holding
  if (first === undefined) return inspectMissed(inspection, left, right, count)
  const found = nearestAbove(inspection, first, right)
  const pair =
    found === undefined
      ? [{ position: first, side: left }]
      : [
          { position: first, side: left },
          { position: found.position, side: right },
        ]
  const spans = pair.map(({ position, side }) => spanEvidence(inspection, position, side.selector))
  const levels =
    found === undefined || node.relation === 'directly under' ? '' : `; ${sayBelow(inspection, first, found)}`
  return { holds: true, seen: `${count}${levels}`, spans, spanCount: spans.length, ...noMisses }
}

function inspectMissed(inspection: Inspection, left: Side, right: Side, seen: string): Seen {
  const nearMisses = left.passing.slice(0, MAX_SPANS).map((position) => {
    const found = nearestAbove(inspection, position, right)
    const reason = found === undefined ? sayAncestors(inspection, position) : sayBelow(inspection, position, found)
    return { ...spanEvidence(inspection, position, left.selector), reason }
  })
  return { holds: false, seen, spans: [], spanCount: 0, nearMisses, nearMissCount: left.passing.length }
}

interface Above {
  readonly position: number
  /** 1 for a parent. */
  readonly levels: number
}

/** `db.query is 2 levels below api.request`. */
function sayBelow(inspection: Inspection, position: number, { position: above, levels }: Above): string {
  const many = levels === 1 ? '1 level' : `${levels} levels`
  return `${nameAt(inspection, position)} is ${many} below ${nameAt(inspection, above)}`
}

function nearestAbove(inspection: Inspection, position: number, { passing }: Side): Above | undefined {
  const wanted = new Set(passing)
  for (const above of ancestors(inspection, position)) if (wanted.has(above.position)) return above
  return undefined
}

/** `it is under db.pool, under api.request, under 3 more`, or why it is under nothing. */
function sayAncestors(inspection: Inspection, position: number): string {
  const levels = new Map<number, number>()
  for (const above of ancestors(inspection, position)) {
    if (!levels.has(above.levels)) levels.set(above.levels, above.position)
  }
  const { parentSpanId = '' } = inspection.run.trace.spans[position] ?? {}
  if (levels.size === 0 && parentSpanId === '') return 'it is a root'
  if (levels.size === 0) return `its parent ${parentSpanId} is not in the trace`
  const names = [...levels.values()].slice(0, MAX_TOLD).map((above) => `under ${nameAt(inspection, above)}`)
  const more = levels.size > MAX_TOLD ? [`under ${levels.size - MAX_TOLD} more`] : []
  return `it is ${[...names, ...more].join(', ')}`
}

/** The spans above a span, the nearest first; those of its own id are left out. */
function* ancestors({ run }: Inspection, position: number): Generator<Above> {
  const lineage = lineageOfRun(run)
  const members = membersOf(lineage)
  const own = lineage.nodes[position] as number
  const parent = lineage.parentNodes[position] as number
  const seen = new Set<number>()
  let level = parent < 0 ? [] : [parent]
  for (let levels = 1; level.length > 0; levels++) {
    for (const node of level) seen.add(node)
    for (const node of level)
      if (node !== own) for (const above of members[node] ?? []) yield { position: above, levels }
    level = [...new Set(level.flatMap((node) => lineage.parentsOf(node)))].filter((node) => !seen.has(node))
  }
}
