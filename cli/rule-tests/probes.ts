import type { SourceRange } from '../../shared/errors.ts'
import type {
  Atom,
  BoundWhere,
  Condition,
  EventSelector,
  Filter,
  Rule,
  Selector,
  SpanReference,
  Test,
} from '../../shared/rules/ast.ts'
import { namesUsed } from '../../shared/rules/binding/references.ts'
import { atomsOf, operandsOf } from '../../shared/rules/walk.ts'

/** A clause as two conditions: one that is true where the clause is, one where it is not. */
export interface Probe {
  readonly range: SourceRange
  readonly whenTrue: Condition
  readonly whenFalse: Condition
}

/** What a clause is asked under: the conditions that make it matter, and what binds each name. */
interface Context {
  readonly given: readonly Condition[]
  readonly binders: ReadonlyMap<number, Condition>
}

/** The blocks after `when` matter only where it holds, those of the requirement only outside `except`. */
export function probesOf({ body }: Pick<Rule, 'body'>): readonly Probe[] {
  if (body.kind === 'pattern') return probesOfCondition(body.condition, [])
  const { when, always, never, except } = body
  const inForce = except === undefined ? [when] : [when, not(except)]
  return [
    ...probesOfCondition(when, []),
    ...(always === undefined ? [] : probesOfCondition(always, inForce)),
    ...(never === undefined ? [] : probesOfCondition(never, inForce)),
    ...(except === undefined ? [] : probesOfCondition(except, [when])),
  ]
}

function probesOfCondition(condition: Condition, given: readonly Condition[]): readonly Probe[] {
  const atoms = [...atomsOf<Atom>(condition)]
  const binders = new Map(
    atoms.flatMap((atom) => (atom.kind === 'has' && atom.as !== undefined ? [[atom.as.id, atom] as const] : [])),
  )
  const context = { given, binders }
  return atoms.flatMap((atom) => [
    { range: atom.range, ...underContext(context, atom, not(atom)) },
    ...partsOf(atom).flatMap(({ of, least }) => probesOfParts(of, least, context)),
  ])
}

/** Both conditions where the names are bound that they use. */
function underContext(context: Context, whenTrue: Condition, whenFalse: Condition): Omit<Probe, 'range'> {
  const own = whenTrue.kind === 'has' ? whenTrue.as?.id : undefined
  const bound = [...bindersOf(context, whenTrue, new Set(own === undefined ? [] : [own]))]
  const all = [...context.given, ...bound]
  return { whenTrue: and([...all, whenTrue]), whenFalse: and([...all, whenFalse]) }
}

/** What binds the names of a part, and before it what binds the names of that. */
function bindersOf({ binders }: Context, part: unknown, passed: Set<number>): readonly Condition[] {
  return [...namesUsed(part)].flatMap((id) => {
    const binder = binders.get(id)
    if (binder === undefined || passed.has(id)) return []
    passed.add(id)
    return [...bindersOf({ given: [], binders }, binder, passed), binder]
  })
}

/** Spans by name, or a bound one, with filters and events. */
type Narrowed = Selector | BoundWhere

/**
 * The parts of filters count where there are at least so many: a filter of one says no more than the condition it is in,
 * but an order may be false for what the filters of its spans have no part in.
 */
function partsOf(atom: Atom): readonly { readonly of: Narrowed; readonly least: 1 | 2 }[] {
  switch (atom.kind) {
    case 'has':
      return [{ of: atom.selector, least: 2 }]
    case 'all':
      return [{ of: { ...atom.selector, filters: [...atom.selector.filters, ...atom.filters] }, least: 2 }]
    case 'order':
    case 'structure':
      return [atom.left, atom.right].flatMap(selectorOf).map((of) => ({ of, least: 1 }))
    case 'boundWhere':
      return [{ of: atom, least: 2 }]
    default:
      return [...operandsOf(atom)].flatMap((operand) =>
        operand.kind === 'count' || operand.kind === 'aggregate' ? [{ of: operand.selector, least: 2 }] : [],
      )
  }
}

function selectorOf(reference: SpanReference): readonly Selector[] {
  return reference.kind === 'bound' ? [] : [reference]
}

function probesOfParts(of: Narrowed, least: 1 | 2, context: Context): readonly Probe[] {
  const { filters, events = [] } = of
  const tests = testsOf(filters)
  const parts = tests.length + events.length < least ? [] : [...tests, ...events]
  return [
    ...parts.map((part) => (part.kind === 'event' ? probeOfEvent(of, part) : probeOfTest(of, part))),
    ...events.flatMap((event) => probesOfEventFilter(of, event)),
  ].map(({ range, whenTrue, whenFalse }) => ({ range, ...underContext(context, whenTrue, whenFalse) }))
}

function probeOfTest(of: Narrowed, test: Test): Probe {
  const some = (filter: Filter) => holds({ ...bare(of), filters: [filter] })
  return { range: test.range, whenTrue: some(test), whenFalse: some(not(test)) }
}

/** False where some span has no such event. */
function probeOfEvent(of: Narrowed, event: EventSelector): Probe {
  const { range } = event
  const having = { ...bare(of), events: [event] }
  if (having.kind === 'boundWhere') return { range, whenTrue: having, whenFalse: not(having) }
  const count = (selector: Selector) => ({ kind: 'count', selector, range }) as const
  const right = count({ ...having, events: [] })
  const whenFalse: Test = { kind: 'comparison', operator: '<', left: count(having), right, range }
  return { range, whenTrue: holds(having), whenFalse }
}

function probesOfEventFilter(of: Narrowed, event: EventSelector): readonly Probe[] {
  const tests = testsOf(event.filters)
  const some = (filter: Filter) => holds({ ...bare(of), events: [{ ...event, filters: [filter] }] })
  return tests.length < 2
    ? []
    : tests.map((test) => ({ range: test.range, whenTrue: some(test), whenFalse: some(not(test)) }))
}

function holds(of: Narrowed): Condition {
  return of.kind === 'selector' ? { kind: 'has', selector: of, range: of.range } : of
}

function bare(of: Narrowed): Narrowed {
  return { ...of, filters: [], events: [] }
}

function testsOf(filters: readonly Filter[]): readonly Test[] {
  return filters.flatMap((filter) => [...atomsOf<Test>(filter)])
}

function and(operands: readonly Condition[]): Condition {
  const [first, ...rest] = operands
  if (first === undefined) throw new Error('nothing to join')
  return rest.length === 0 ? first : { kind: 'and', operands, range: first.range }
}

function not<Inner extends Condition | Filter>(operand: Inner) {
  return { kind: 'not', operand, range: operand.range } as const
}
