import { equal, order, type Value } from './judge/values.ts'

/**
 * What an operator asks of the kinds of its sides. `equality`: both are of one kind; `order`: both are of one kind that
 * has an order; `text`: both are text.
 */
type Comparing = 'equality' | 'order' | 'text'

/** Everything the language knows of one comparison operator. */
export interface OperatorEntry {
  /** Spellings of other languages, in lower case. Each is an error whose hint names this operator. */
  readonly aliases: readonly string[]
  readonly compares: Comparing
  /** Whether it holds of two scalars; false where they cannot be compared. */
  readonly relates: (left: Value, right: Value) => boolean
  /** The same of two numbers, and of two texts, without looking at their types. */
  readonly ofNumbers?: (left: number, right: number) => boolean
  readonly ofTexts?: (left: string, right: string) => boolean
  /** Of two texts that one value fits, the longer one fits the shorter: what starts with both `ab` and `a`. */
  readonly nests?: boolean
  /** An array holds if every element does; without it, if some element does. */
  readonly ofEveryElement?: true
  /** The operator that elements of an array on the left are compared by, where it is another one. */
  readonly ofElements?: '=='
  /** The operator that holds of two comparable values exactly where this one does not. */
  readonly opposite?: ComparisonOperator
  /** The operator that says the same with the sides exchanged. */
  readonly mirrored?: ComparisonOperator
  /** How evidence says that it does not hold, as in `amount is 900, not > 1000`. */
  readonly negation: string
}

export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'contains' | 'starts with' | 'ends with'

/** Every comparison operator by its spelling. A new one is an entry here, in `rule.peggy` and in the specification. */
export const OPERATORS: { readonly [O in ComparisonOperator]: OperatorEntry } = {
  '==': {
    aliases: ['===', '=', ':', 'equals', 'equal', 'eq', 'is'],
    compares: 'equality',
    relates: (left, right) => equal(left, right) === true,
    ofNumbers: (left, right) => left === right,
    ofTexts: (left, right) => left === right,
    opposite: '!=',
    mirrored: '==',
    negation: 'not',
  },
  '!=': {
    aliases: ['!==', '<>', '≠', 'neq', 'ne', 'is not', 'isnt'],
    compares: 'equality',
    relates: (left, right) => equal(left, right) === false,
    ofNumbers: (left, right) => left !== right,
    ofTexts: (left, right) => left !== right,
    ofEveryElement: true,
    opposite: '==',
    mirrored: '!=',
    negation: 'the same as',
  },
  '<': {
    aliases: ['<<', 'lt'],
    compares: 'order',
    relates: (left, right) => order(left, right) < 0,
    ofNumbers: (left, right) => left < right,
    opposite: '>=',
    mirrored: '>',
    negation: 'not <',
  },
  '<=': {
    aliases: ['=<', '≤', 'lte', 'le'],
    compares: 'order',
    relates: (left, right) => order(left, right) <= 0,
    ofNumbers: (left, right) => left <= right,
    opposite: '>',
    mirrored: '>=',
    negation: 'not <=',
  },
  '>': {
    aliases: ['>>', 'gt'],
    compares: 'order',
    relates: (left, right) => order(left, right) > 0,
    ofNumbers: (left, right) => left > right,
    opposite: '<=',
    mirrored: '<',
    negation: 'not >',
  },
  '>=': {
    aliases: ['=>', '≥', 'gte', 'ge'],
    compares: 'order',
    relates: (left, right) => order(left, right) >= 0,
    ofNumbers: (left, right) => left >= right,
    opposite: '<',
    mirrored: '<=',
    negation: 'not >=',
  },
  contains: {
    aliases: ['contain', 'includes', 'include', 'icontains'],
    compares: 'text',
    ...textual((left, right) => left.includes(right), { nests: false }),
    ofElements: '==',
    negation: 'which does not contain',
  },
  'starts with': {
    aliases: ['starts', 'starts_with', 'startswith'],
    compares: 'text',
    ...textual((left, right) => left.startsWith(right), { nests: true }),
    negation: 'which does not start with',
  },
  'ends with': {
    aliases: ['ends', 'ends_with', 'endswith'],
    compares: 'text',
    ...textual((left, right) => left.endsWith(right), { nests: true }),
    negation: 'which does not end with',
  },
}

/** `matches` is a test of its own, since its right side is a pattern; these are its spellings in other languages. */
export const MATCHES_ALIASES = ['=~', '~', 'like', 'ilike', 'imatches', 'match', 'regex']

function textual(ofTexts: (left: string, right: string) => boolean, { nests }: { readonly nests: boolean }) {
  return {
    relates: (left: Value, right: Value) =>
      typeof left === 'string' && typeof right === 'string' && ofTexts(left, right),
    ofTexts,
    nests,
  }
}

/** The operator so spelled, undefined for any other text. */
export function operatorNamed(text: string): ComparisonOperator | undefined {
  return Object.hasOwn(OPERATORS, text) ? (text as ComparisonOperator) : undefined
}
