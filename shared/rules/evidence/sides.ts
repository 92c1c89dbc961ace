import type { Bound, Selector, SpanReference } from '../ast.ts'
import { printExactName } from '../print/print.ts'
import type { Inspection, Seen } from './inspection.ts'
import { type Selection, sayCount, sayNarrowing, select, spansNamed } from './selection.ts'
import { nearMisses } from './spans.ts'
import { cut } from './wording.ts'

/** Span names longer than this are cut in a sentence. */
const MAX_NAME_LENGTH = 60

/** One side of an order or a structure: the spans that it means. */
export interface Side extends Selection {
  readonly selector: Selector
  /** The bound name that it is, where that names no span. */
  readonly unbound?: string
}

export function sideOf(inspection: Inspection, reference: SpanReference): Side {
  if (reference.kind === 'bound') return boundSide(inspection, reference)
  return { selector: reference, ...select(inspection, reference) }
}

/** The one span that a name is bound to, or no span. */
function boundSide({ run, names }: Inspection, { id, name, range }: Bound): Side {
  const position = names.get(id)
  const span = position === undefined ? undefined : run.trace.spans[position]
  const positions = position === undefined ? [] : [position]
  const selector: Selector = {
    kind: 'selector',
    name: { kind: 'exact', name: span?.name ?? name, range },
    filters: [],
    range,
  }
  return { selector, named: positions, passing: positions, ...(position === undefined && { unbound: name }) }
}

/** What is to be said where a side has no spans; undefined where both have. */
export function inspectEmptySides(inspection: Inspection, sides: readonly Side[]): Seen | undefined {
  const empty = sides.filter(({ passing }) => passing.length === 0)
  const [first] = empty
  if (first === undefined) return undefined
  const seen = empty
    .map((side) =>
      side.unbound === undefined ? sayCount(inspection, side.selector, side) : `${side.unbound} names no span`,
    )
    .join('; ')
  return { holds: false, seen, spans: [], spanCount: 0, ...nearMisses(inspection, first.selector, first) }
}

/** `2 spans named cart.validate where ok`. */
export function sayMany({ selector, passing }: Side): string {
  return `${passing.length} ${spansNamed(selector.name, passing.length)}${sayNarrowing(selector)}`
}

/** `a span named cart.validate where ok`. */
export function sayOne({ selector }: Side): string {
  return `a ${spansNamed(selector.name, 1)}${sayNarrowing(selector)}`
}

export function nameAt({ run }: Inspection, position: number): string {
  return printExactName(cut(run.trace.spans[position]?.name ?? '', MAX_NAME_LENGTH))
}
