import type { All, Atom, BoundWhere, Has } from '../ast.ts'
import { exceptionsTo } from '../compile/compile.ts'
import { printFilters } from '../print/print.ts'
import type { Inspection, Seen } from './inspection.ts'
import { inspectTest } from './numbers.ts'
import { inspectOrder } from './order.ts'
import { sayCount, sayNarrowing, select, spansNamed } from './selection.ts'
import { MAX_SPANS, missed, nearMisses, noMisses, witnesses } from './spans.ts'
import { inspectStructure } from './structure.ts'

/** Says what was seen of a condition that is not made of others. */
export function inspectAtom(inspection: Inspection, atom: Atom): Seen {
  switch (atom.kind) {
    case 'has':
      return inspectHas(inspection, atom)
    case 'all':
      return inspectAll(inspection, atom)
    case 'order':
      return inspectOrder(inspection, atom)
    case 'structure':
      return inspectStructure(inspection, atom)
    case 'boundWhere':
      return inspectBoundWhere(inspection, atom)
    default:
      return inspectTest(inspection, atom)
  }
}

function inspectHas(inspection: Inspection, { selector, as }: Has): Seen {
  const selection = select(inspection, selector)
  const bound = as && inspection.names.get(as.id)
  const seen = sayCount(inspection, selector, selection)
  const shown = bound === undefined ? selection.passing : [bound]
  return {
    holds: selection.passing.length > 0,
    seen: as === undefined || bound === undefined ? seen : `${seen}; ${as.name} is one of them`,
    ...witnesses(inspection, shown, selector),
    ...nearMisses(inspection, selector, selection),
  }
}

function inspectBoundWhere(inspection: Inspection, node: BoundWhere): Seen {
  const { name, id } = node.bound
  const position = inspection.names.get(id)
  if (position === undefined) {
    return { holds: false, seen: `${name} names no span`, spans: [], spanCount: 0, ...noMisses }
  }
  const { failed, evidence } = missed(inspection, position, node)
  const { reason, ...span } = evidence
  if (failed > 0) return { holds: false, seen: `${name}: ${reason}`, spans: [span], spanCount: 1, ...noMisses }
  return { holds: true, seen: `${name} is so`, spans: [span], spanCount: 1, ...noMisses }
}

function inspectAll(inspection: Inspection, all: All): Seen {
  const { name } = all.selector
  const { passing: asked } = select(inspection, all.selector)
  const { passing: exceptions } = select(inspection, exceptionsTo(all))
  const which = `${spansNamed(name, asked.length)}${sayNarrowing(all.selector)}`
  const demanded = { ...all.selector, filters: [...all.selector.filters, ...all.filters] }
  const demand = printFilters(all.filters)
  if (exceptions.length === 0) {
    const seen =
      asked.length === 0 ? `0 ${which}, so none fails ${demand}` : `all ${asked.length} ${which} pass ${demand}`
    return { holds: true, seen, ...witnesses(inspection, asked, demanded), ...noMisses }
  }
  const seen = `${exceptions.length} of ${asked.length} ${which} ${exceptions.length === 1 ? 'fails' : 'fail'} ${demand}`
  const spans = exceptions.slice(0, MAX_SPANS).map((position) => missed(inspection, position, all).evidence)
  return { holds: false, seen, spans, spanCount: exceptions.length, ...noMisses }
}
