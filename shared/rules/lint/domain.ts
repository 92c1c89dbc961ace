import type { Literal, Operand } from '../ast.ts'
import { type ComparisonOperator, OPERATORS } from '../operators.ts'

export type Scalar = number | bigint | string | boolean
type Kind = 'number' | 'text' | 'boolean'

/** What is demanded of one value: where it lies, what it is one of, what it is not. */
export interface Domain {
  /** Has a value wherever it is read, as a count has. */
  readonly fixed: boolean
  readonly whole: boolean
  low: Bound
  high: Bound
  /** Some demand can only be met by a value that is there. */
  present: boolean
  absent: boolean
  readonly kinds: Set<Kind>
  oneOf: readonly Scalar[] | undefined
  readonly noneOf: Scalar[]
  readonly texts: TextDemand[]
}

interface Bound {
  readonly value: number | bigint
  /** The value itself lies outside. */
  readonly open: boolean
}

interface TextDemand {
  readonly operator: ComparisonOperator
  readonly text: string
  readonly holds: boolean
}

/** One comparison with fixed values: what is compared, how, and with what. */
export interface Demand {
  readonly term: Operand
  readonly operator: ComparisonOperator | 'in' | 'not in'
  readonly values: readonly Scalar[]
}

const FIXED_INTRINSICS = new Set(['span.duration', 'span.status', 'span.kind', 'span.name', 'trace.duration'])
const COUNTING_INTRINSICS = new Set(['trace.spans', 'trace.services'])

/** What is known of a value before anything is demanded of it. */
export function domainOf(term: Operand): Domain {
  const counts =
    term.kind === 'count' ||
    (term.kind === 'aggregate' && term.function === 'distinct') ||
    (term.kind === 'intrinsic' && COUNTING_INTRINSICS.has(term.name))
  const fixed =
    counts ||
    (term.kind === 'aggregate' && term.function === 'sum') ||
    (term.kind === 'intrinsic' && FIXED_INTRINSICS.has(term.name))
  return {
    fixed,
    whole: counts,
    low: { value: leastOf(term, counts), open: false },
    high: { value: Number.POSITIVE_INFINITY, open: false },
    present: false,
    absent: false,
    kinds: new Set(),
    oneOf: undefined,
    noneOf: [],
    texts: [],
  }
}

function leastOf(term: Operand, counts: boolean): number {
  if (term.kind === 'intrinsic' && term.name === 'trace.spans') return 1
  // A group has at least one span.
  if (term.kind === 'count') return term.by === undefined ? 0 : 1
  if (term.kind === 'aggregate' && !counts) return leastOf(term.of, false)
  const isDuration = term.kind === 'intrinsic' && term.name.endsWith('.duration')
  return counts || isDuration ? 0 : Number.NEGATIVE_INFINITY
}

/** Literals as the values they are, durations in nanoseconds. */
export function scalarOf(literal: Literal): Scalar {
  return literal.kind === 'duration' ? literal.nanos : literal.value
}

function kindOf(value: Scalar): Kind {
  if (typeof value === 'string') return 'text'
  return typeof value === 'boolean' ? 'boolean' : 'number'
}

/** The operator that holds of a value exactly where the other does not. */
function oppositeOf(operator: Demand['operator']): Demand['operator'] | undefined {
  if (operator === 'in') return 'not in'
  return operator === 'not in' ? 'in' : OPERATORS[operator].opposite
}

/**
 * Adds that a demand does not hold: the opposite one does, where the value is known to be there and of the kind that the
 * demand is about. Otherwise it may fail because a value is missing, which says nothing.
 */
export function addOpposite(domain: Domain, { term, operator, values }: Demand): void {
  const known = domain.fixed || (domain.present && values.every((value) => domain.kinds.has(kindOf(value))))
  if (!known) return
  const opposite = oppositeOf(operator)
  const [text] = values
  if (opposite !== undefined) addDemand(domain, { term, operator: opposite, values })
  else if (typeof text === 'string') domain.texts.push({ operator: operator as ComparisonOperator, text, holds: false })
}

/** Adds that a demand holds. */
export function addDemand(domain: Domain, { operator, values }: Demand): void {
  const [first] = values
  if (first === undefined) return
  domain.present = true
  switch (operator) {
    case '!=':
    case 'not in':
      domain.noneOf.push(...values)
      return
    case '==':
    case 'in':
      domain.oneOf =
        domain.oneOf === undefined ? values : domain.oneOf.filter((one) => values.some((v) => same(one, v)))
      if (values.every((value) => kindOf(value) === kindOf(first))) domain.kinds.add(kindOf(first))
      return
    case '<':
    case '<=':
    case '>':
    case '>=':
      domain.kinds.add(kindOf(first))
      if (typeof first === 'number' || typeof first === 'bigint') narrow(domain, operator, first)
      return
    default:
      addTextDemand(domain, operator, first)
  }
}

/** Of an operator that also looks for an element of an array, nothing follows for the kind of the value. */
function addTextDemand(domain: Domain, operator: ComparisonOperator, text: Scalar): void {
  const { compares, ofElements } = OPERATORS[operator]
  if (compares !== 'text' || ofElements !== undefined) return
  domain.kinds.add('text')
  if (typeof text === 'string') domain.texts.push({ operator, text, holds: true })
}

function same(left: Scalar, right: Scalar): boolean {
  // biome-ignore lint/suspicious/noDoubleEquals: 5n and 5 are the same number
  return kindOf(left) === kindOf(right) && left == right
}

function narrow(domain: Domain, operator: '<' | '<=' | '>' | '>=', value: number | bigint): void {
  const open = operator === '<' || operator === '>'
  const { low, high } = domain
  const isLow = operator === '>' || operator === '>='
  if (isLow && (value > low.value || (value >= low.value && open))) domain.low = { value, open }
  if (!isLow && (value < high.value || (value <= high.value && open))) domain.high = { value, open }
}

/** Whether no value can meet all that is demanded. */
export function isEmpty(domain: Domain): boolean {
  const { absent, present, kinds, oneOf } = domain
  if (absent) return present || domain.fixed
  if (kinds.size > 1) return true
  if (oneOf !== undefined) return !oneOf.some((value) => isAllowed(domain, value))
  if (!canStart(domain.texts)) return true
  const range = wholeRange(domain)
  if (range !== undefined) return !range.some((value) => isAllowed(domain, value))
  return isVoid(domain)
}

/** Whether nothing lies between the bounds. */
function isVoid({ low, high }: Domain): boolean {
  return low.value > high.value || (low.value >= high.value && (low.open || high.open))
}

/** The whole numbers in the domain of a count, where they are few. */
function wholeRange({ whole, low, high }: Domain): readonly number[] | undefined {
  if (!whole || high.value === Number.POSITIVE_INFINITY) return undefined
  const first = Math.ceil(Number(low.value))
  const last = Math.floor(Number(high.value))
  if (!(last - first < 16)) return undefined
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, step) => first + step)
}

function isAllowed({ whole, low, high, kinds, noneOf, texts }: Domain, value: Scalar): boolean {
  if (noneOf.some((excluded) => same(excluded, value))) return false
  for (const kind of kinds) if (kind !== kindOf(value)) return false
  if (typeof value === 'string')
    return texts.every(({ operator, text, holds }) => fits(value, operator, text) === holds)
  if (typeof value === 'boolean') return true
  if (whole && typeof value === 'number' && !Number.isInteger(value)) return false
  const above = value > low.value || (value >= low.value && !low.open)
  return above && (value < high.value || (value <= high.value && !high.open))
}

function fits(value: string, operator: ComparisonOperator, text: string): boolean {
  return OPERATORS[operator].ofTexts?.(value, text) ?? true
}

/** Whether one text can start (and end) as all of these demand. */
function canStart(texts: readonly TextDemand[]): boolean {
  const demanded = texts.filter(({ holds }) => holds)
  return demanded.every(({ operator, text }) =>
    demanded.every((other) => {
      if (OPERATORS[operator].nests !== true || other.operator !== operator) return true
      if (other.text.length > text.length) return true
      return fits(text, operator, other.text)
    }),
  )
}
