import type {
  All,
  Condition,
  EventSelector,
  Filter,
  Invariant,
  Order,
  Selector,
  SpanReference,
  Structure,
  Test,
} from '../ast.ts'
import { namesUsed, readsOwnSpan, splitFilters, usesNames } from './references.ts'

/**
 * A span that a rule speaks of, by the number under which it is kept while the rule is judged: one that `as` names, or one
 * of the spans that a `has` beside it asks for.
 */
export interface Variable {
  readonly slot: number
  /** The name given by `as`. */
  readonly name: string | undefined
  /** What can be said of the span without looking at another. */
  readonly selector: Selector
}

/** What a rule says, with `not` only in front of parts that are not made of others. */
export type Formula =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Formula[] }
  /** For some span of each of these. */
  | {
      readonly kind: 'some'
      readonly negated: boolean
      readonly variables: readonly Variable[]
      readonly body: Formula
    }
  | FormulaLiteral

export type FormulaLiteral = { readonly negated: boolean; readonly free: ReadonlySet<number> } & (
  | { readonly kind: 'closed'; readonly condition: Condition }
  /** `own`: the span whose attributes are read; undefined in a plain condition. */
  | { readonly kind: 'test'; readonly test: Test; readonly own: Variable | undefined }
  | {
      readonly kind: 'relation'
      readonly relation: Order | Structure
      readonly left: Variable
      readonly right: Variable
    }
  | { readonly kind: 'event'; readonly event: EventSelector; readonly own: Variable }
)

/** The variables of one rule: those of names by id. */
export interface Variables {
  readonly byName: Map<number, Variable>
  count: number
}

export function newVariables(): Variables {
  return { byName: new Map(), count: 0 }
}

/** When an invariant applies, and when it is violated: for some span of each name that `when` binds. */
export function invariantFormulas(variables: Variables, { when, always, never, except }: Invariant) {
  const { bound, parts } = openScope(variables, when)
  const inForce = [...parts, ...(except === undefined ? [] : [scopeFormula(variables, except, true)])]
  const broken = [
    ...(always === undefined ? [] : [scopeFormula(variables, always, true)]),
    ...(never === undefined ? [] : [scopeFormula(variables, never, false)]),
  ]
  return {
    applies: closeScope(bound, inForce, false),
    violated: closeScope(bound, [...inForce, { kind: 'or', parts: broken }], false),
  }
}

/** A condition whose names hold in it alone. */
export function scopeFormula(variables: Variables, condition: Condition, negated: boolean): Formula {
  if (!conjunctsOf(condition).some(isBinding)) return formulaOf(variables, condition, negated)
  const { bound, parts } = openScope(variables, condition)
  return closeScope(bound, parts, negated)
}

function isBinding(part: Condition): boolean {
  return part.kind === 'has' && part.as !== undefined
}

/** The names bound in a condition, and all that it says; what follows may use the names. */
function openScope(variables: Variables, condition: Condition) {
  const bound: Variable[] = []
  const parts: Formula[] = []
  for (const part of conjunctsOf(condition)) {
    if (part.kind !== 'has' || part.as === undefined) {
      parts.push(formulaOf(variables, part, false))
      continue
    }
    const { variable, filters } = newVariable(variables, part.selector, part.as.name)
    variables.byName.set(part.as.id, variable)
    bound.push(variable)
    parts.push(...filters())
  }
  return { bound, parts }
}

function closeScope(variables: readonly Variable[], parts: readonly Formula[], negated: boolean): Formula {
  return { kind: 'some', negated, variables, body: { kind: 'and', parts } }
}

function conjunctsOf(condition: Condition): readonly Condition[] {
  return condition.kind === 'and' ? condition.operands.flatMap(conjunctsOf) : [condition]
}

/** A condition that binds no name outside `not` and `or`. */
function formulaOf(variables: Variables, condition: Condition, negated: boolean): Formula {
  if (!usesNames(condition)) return { kind: 'closed', condition, negated, free: none }
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const isOr = (condition.kind === 'or') !== negated
      const parts = condition.operands.map((operand) =>
        condition.kind === 'or' ? scopeFormula(variables, operand, negated) : formulaOf(variables, operand, negated),
      )
      return { kind: isOr ? 'or' : 'and', parts }
    }
    case 'not':
      return scopeFormula(variables, condition.operand, !negated)
    case 'has':
      return someSpan(variables, condition.selector, negated)
    case 'all':
      return someSpan(variables, condition.selector, !negated, (own) => demandFormula(variables, condition, own))
    case 'order':
    case 'structure':
      return relationFormula(variables, condition, negated)
    case 'boundWhere':
      return narrowingFormula(variables, condition, variableOf(variables, condition.bound.id), negated)
    default:
      return testFormula(variables, condition, undefined, negated)
  }
}

const none: ReadonlySet<number> = new Set()

function variableOf(variables: Variables, id: number): Variable {
  const variable = variables.byName.get(id)
  if (variable === undefined) throw new Error('an unchecked rule: a name that is bound nowhere')
  return variable
}

/** `filters` are those that use names, to be asked for once the names are known. */
function newVariable(variables: Variables, selector: Selector, name?: string) {
  const { own, joining } = splitFilters(selector)
  const events = selector.events ?? []
  const ownEvents = events.filter((event) => !usesNames(event))
  const variable: Variable = {
    slot: variables.count++,
    name,
    selector: { ...selector, filters: own, events: ownEvents },
  }
  const others = { filters: joining, events: events.filter(usesNames) }
  const filters = () => [narrowingFormula(variables, others, variable, false)]
  return { variable, filters: others.filters.length + others.events.length === 0 ? () => [] : filters }
}

/** A variable for the spans of a selector that uses names, and what else is asked of it. */
export function spansOfSelector(variables: Variables, selector: Selector) {
  const { variable, filters } = newVariable(variables, selector)
  return { variable, parts: filters() }
}

function someSpan(
  variables: Variables,
  selector: Selector,
  negated: boolean,
  also: (own: Variable) => readonly Formula[] = () => [],
): Formula {
  const { variable, filters } = newVariable(variables, selector)
  const body: Formula = { kind: 'and', parts: [...filters(), ...also(variable)] }
  return { kind: 'some', negated, variables: [variable], body }
}

/** What is to be found on no span. */
function demandFormula(variables: Variables, { filters, range }: All, own: Variable): readonly Formula[] {
  return [filterFormula(variables, { kind: 'and', operands: filters, range }, own, true)]
}

function relationFormula(variables: Variables, relation: Order | Structure, negated: boolean): Formula {
  const joining: Formula[] = []
  const found: Variable[] = []
  const side = (reference: SpanReference) => {
    if (reference.kind === 'bound') return variableOf(variables, reference.id)
    const { variable, filters } = newVariable(variables, reference)
    found.push(variable)
    joining.push(...filters())
    return variable
  }
  const left = side(relation.left)
  const right = side(relation.right)
  const free = new Set([left.slot, right.slot])
  if (found.length === 0) return { kind: 'relation', relation, left, right, negated, free }
  const related: Formula = { kind: 'relation', relation, left, right, negated: false, free }
  return { kind: 'some', negated, variables: found, body: { kind: 'and', parts: [...joining, related] } }
}

/** What filters and events ask of one span. */
function narrowingFormula(
  variables: Variables,
  { filters, events = [] }: Pick<Selector, 'filters' | 'events'>,
  own: Variable,
  negated: boolean,
): Formula {
  const parts: readonly Formula[] = [
    ...filters.map((filter) => filterFormula(variables, filter, own, negated)),
    ...events.map((event): Formula => ({ kind: 'event', event, own, negated, free: freeOf(variables, event, own) })),
  ]
  return { kind: negated ? 'or' : 'and', parts }
}

function filterFormula(variables: Variables, filter: Filter, own: Variable, negated: boolean): Formula {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const parts = filter.operands.map((operand) => filterFormula(variables, operand, own, negated))
      return { kind: (filter.kind === 'or') !== negated ? 'or' : 'and', parts }
    }
    case 'not':
      return filterFormula(variables, filter.operand, own, !negated)
    default:
      return testFormula(variables, filter, own, negated)
  }
}

function testFormula(variables: Variables, test: Test, own: Variable | undefined, negated: boolean): Formula {
  const free = freeOf(variables, test, own !== undefined && readsOwnSpan(test) ? own : undefined)
  return { kind: 'test', test, own, negated, free }
}

function freeOf(variables: Variables, part: unknown, own: Variable | undefined): ReadonlySet<number> {
  const slots = [...namesUsed(part)].map((id) => variableOf(variables, id).slot)
  return new Set(own === undefined ? slots : [own.slot, ...slots])
}
