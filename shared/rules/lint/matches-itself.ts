import type { Atom, Filter, Selector } from '../ast.ts'
import { canonicalOperand } from '../print/canonical.ts'
import { atomsOf } from '../walk.ts'
import { covers, demandOf } from './contradiction.ts'
import { isBound, joinOf } from './joins.ts'
import { demandsOf, selectorsOf } from './selections.ts'
import type { Lint } from './warning.ts'

/** `db.query as q and db.query.where(sql == q.sql)`: q itself is such a span. */
export const reportSelfMatches: Lint =
  () =>
  ({ conditions, binds }, report) => {
    if (!binds) return
    const bound = new Map<number, Selector>()
    for (const condition of conditions) {
      for (const atom of atomsOf(condition)) {
        if (asksForOne(atom)) {
          for (const selector of selectorsOf(atom)) {
            const name = namesItself(selector, bound)
            if (name === undefined) continue
            report({
              code: 'matches-itself',
              message: `${name} is such a span itself, so that there always is one`,
              hint: 'count spans with equal values: write trace.count(…).by(…) > 1',
              range: selector.range,
            })
          }
        }
        if (atom.kind === 'has' && atom.as !== undefined) bound.set(atom.as.id, atom.selector)
      }
    }
  }

/** Whether a part is decided by there being one such span; a span that is bound as well may be distinguished by what follows. */
function asksForOne(atom: Atom): boolean {
  if (atom.kind === 'has') return atom.as === undefined
  if (atom.kind !== 'comparison') return false
  const demand = demandOf(atom)
  if (demand?.term.kind !== 'count' || demand.term.by !== undefined) return false
  return ['> 0', '>= 1', '!= 0', '== 0', '< 1', '<= 0'].includes(`${demand.operator} ${demand.values[0]}`)
}

/** The bound span that the selector takes whatever it is. */
function namesItself(selector: Selector, bound: ReadonlyMap<number, Selector>): string | undefined {
  const demands = demandsOf(selector.filters)
  const joins = demands.flatMap((demand) => sameOf(demand) ?? [])
  const [first] = joins
  if (first === undefined || joins.some(({ id }) => id !== first.id)) return undefined
  const own = bound.get(first.id)
  const rest = { ...selector, filters: demands.filter((demand) => sameOf(demand) === undefined) }
  return own !== undefined && covers(rest, own) ? first.name : undefined
}

/** The bound span of a filter that asks for the value which that span itself has: `sql == q.sql`. */
function sameOf(filter: Filter) {
  const join = joinOf(filter)
  if (join === undefined || !isBound(join.other) || !['==', '<=', '>='].includes(join.comparison.operator))
    return undefined
  const isSame = canonicalOperand(join.own) === canonicalOperand(join.other.value)
  return isSame ? join.other.bound : undefined
}
