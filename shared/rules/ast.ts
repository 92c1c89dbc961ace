import type { SourceRange } from '../errors.ts'
import type { ComparisonOperator } from './operators.ts'

/** Every node knows its place in its file. */
interface Located {
  readonly range: SourceRange
}

export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info'

/** What a person wrote about a rule in its `// Key: value` lines, or beside the condition in a YAML pack. */
export interface RuleMetadata {
  readonly description?: string
  readonly runbook?: string
  readonly owner?: string
  readonly tags: readonly string[]
  /** A shadow rule is judged, counted and stored, not published. */
  readonly mode: 'live' | 'shadow'
  /** A violation waits until no span of the trace has come for so long; milliseconds. */
  readonly waitMs?: number
  /** The attribute of the first witness span whose values have incidents of their own. */
  readonly group?: string
  /** When violations open an incident; each does where nothing is said. */
  readonly alert?: AlertCondition
}

/** How many traces must break a rule, and in what time, for somebody to be notified. */
export type AlertCondition =
  | { readonly kind: 'each' }
  | { readonly kind: 'count'; readonly count: number; readonly windowMs: number }
  /** Of the traces that exercised the rule, in whole minutes; `share` is more than 0 and at most 1. */
  | { readonly kind: 'share'; readonly share: number; readonly windowMs: number }

/** One rule as parsed. */
export interface Rule extends Located {
  readonly name: string
  readonly nameRange: SourceRange
  readonly severity: Severity
  readonly metadata: RuleMetadata
  readonly body: Pattern | Invariant
  /** The source of the body, as written. */
  readonly text: string
}

/** Describes the violation: true on a trace means violated. */
export interface Pattern extends Located {
  readonly kind: 'pattern'
  readonly condition: Condition
}

/** `when` triggers it; `always` must then be true and `never` false, unless `except` is true. */
export interface Invariant extends Located {
  readonly kind: 'invariant'
  readonly when: Condition
  readonly always?: Condition
  readonly never?: Condition
  readonly except?: Condition
}

/** Boolean logic over atoms; `and` and `or` hold two or more operands. */
export type Logic<Atom> =
  | Atom
  | (Located & { readonly kind: 'and'; readonly operands: readonly Logic<Atom>[] })
  | (Located & { readonly kind: 'or'; readonly operands: readonly Logic<Atom>[] })
  | (Located & { readonly kind: 'not'; readonly operand: Logic<Atom> })

/** True or false of a whole trace. */
export type Condition = Logic<Atom>

/** A condition that is not made of others. */
export type Atom = Has | All | Order | Structure | BoundWhere | Test

/** True or false of one span (inside `.where(…)`). */
export type Filter = Logic<Test>

/** Some span of the selector exists: `trace.has(x)`, or the short form `x`. */
export interface Has extends Located {
  readonly kind: 'has'
  readonly selector: Selector
  /** The name that each such span has from here on. */
  readonly as?: Bound
}

/** Every span of the selector satisfies the filters: `trace.all(s).where(f)`. */
export interface All extends Located {
  readonly kind: 'all'
  readonly selector: Selector
  readonly filters: readonly Filter[]
}

/** Two different spans, one of each side, start and end in this order. */
export interface Order extends Located {
  readonly kind: 'order'
  readonly relation: 'before' | 'after' | 'starts before' | 'starts after'
  readonly left: SpanReference
  readonly right: SpanReference
  /** Nanoseconds at most between them. */
  readonly within?: number
}

/** A span of the left side has one of the right side among its ancestors, or as its parent. */
export interface Structure extends Located {
  readonly kind: 'structure'
  readonly relation: 'under' | 'directly under'
  readonly left: SpanReference
  readonly right: SpanReference
}

export type SpanReference = Selector | Bound

/** The bound span satisfies this: `p.where(amount > 10)`, `p.event(exception)`. */
export interface BoundWhere extends Located {
  readonly kind: 'boundWhere'
  readonly bound: Bound
  readonly filters: readonly Filter[]
  readonly events?: readonly EventSelector[]
}

/** A name that `as` gave a span, where it is given and where it is used. */
export interface Bound extends Located {
  readonly kind: 'bound'
  readonly name: string
  /** Tells names of one rule apart: those of a definition may be spelled as others are. */
  readonly id: number
}

/** Spans by name, narrowed by filters that hold on the same span. */
export interface Selector extends Located {
  readonly kind: 'selector'
  readonly name: NamePattern
  readonly filters: readonly Filter[]
  /** For each, the span has such an event. */
  readonly events?: readonly EventSelector[]
}

/** Events by name, narrowed by filters that read the attributes of one event. */
export interface EventSelector extends Located {
  readonly kind: 'event'
  readonly name: NamePattern
  readonly filters: readonly Filter[]
}

export type NamePattern =
  | (Located & { readonly kind: 'exact'; readonly name: string })
  /** `*` matches any run of characters; everything else is literal. */
  | (Located & { readonly kind: 'glob'; readonly pattern: string })
  | (Located & { readonly kind: 'any' })

/** One comparison; filters (of a span) and conditions (of a trace) have the same forms. */
export type Test = Comparison | Membership | Matches | Exists | Truthy

export interface Comparison extends Located {
  readonly kind: 'comparison'
  readonly operator: ComparisonOperator
  readonly left: Operand
  readonly right: Operand
}

export interface Membership extends Located {
  readonly kind: 'membership'
  readonly negated: boolean
  readonly left: Operand
  readonly items: readonly Literal[]
}

export interface Matches extends Located {
  readonly kind: 'matches'
  readonly left: Operand
  readonly pattern: string
  readonly patternRange: SourceRange
}

export interface Exists extends Located {
  readonly kind: 'exists'
  readonly operand: Attribute | Intrinsic | BoundValue
}

/** A bare attribute: true iff it is the boolean true. */
export interface Truthy extends Located {
  readonly kind: 'truthy'
  readonly operand: Attribute | Intrinsic | BoundValue
}

export type Operand =
  | Literal
  | Attribute
  | AttributeOrText
  | Intrinsic
  | BoundValue
  | Arithmetic
  | Negation
  | NumberOf
  | Count
  | Aggregate

export type Literal =
  /** bigint beyond ±(2^53-1), where a number would not be exact. */
  | (Located & { readonly kind: 'number'; readonly value: number | bigint })
  /** Nanoseconds. */
  | (Located & { readonly kind: 'duration'; readonly nanos: number })
  | (Located & { readonly kind: 'text'; readonly value: string; readonly quoted: boolean })
  | (Located & { readonly kind: 'boolean'; readonly value: boolean })

/** One flat key; `any` looks at the span, then its resource. An absent key is read under its older and newer names. */
export interface Attribute extends Located {
  readonly kind: 'attribute'
  readonly key: string
  readonly from: 'any' | 'resource'
  /** `attr("http.status_code", exact)`: under no other name. */
  readonly exact?: true
}

/** A dotted word after a comparison operator: the attribute, or the text itself where the span lacks the attribute. */
export interface AttributeOrText extends Located {
  readonly kind: 'attributeOrText'
  readonly word: string
}

export type IntrinsicName =
  | 'span.duration'
  | 'span.status'
  | 'span.status_message'
  | 'span.kind'
  | 'span.service'
  | 'span.name'
  | 'trace.duration'
  | 'trace.spans'
  | 'trace.services'
  | 'trace.root.name'
  | 'trace.root.service'

export interface Intrinsic extends Located {
  readonly kind: 'intrinsic'
  readonly name: IntrinsicName
}

/** A value of a bound span: `p.cart.id`, `p.span.duration`, `p.resource.region`. */
export interface BoundValue extends Located {
  readonly kind: 'boundValue'
  readonly bound: Bound
  readonly value: Attribute | Intrinsic
}

export interface Arithmetic extends Located {
  readonly kind: 'arithmetic'
  readonly operator: '+' | '-' | '*' | '/' | '%'
  readonly left: Operand
  readonly right: Operand
}

interface Negation extends Located {
  readonly kind: 'negation'
  readonly operand: Operand
}

/** `num(x)`: a numeric string read as its number. */
interface NumberOf extends Located {
  readonly kind: 'numberOf'
  readonly operand: Operand
}

/** How many spans the selector takes; stands only in conditions. */
export interface Count extends Located {
  readonly kind: 'count'
  readonly selector: Selector
  readonly by?: GroupKeys
}

/** A function of one value of each span that the selector takes; stands only in conditions. */
export interface Aggregate extends Located {
  readonly kind: 'aggregate'
  readonly function: 'sum' | 'min' | 'max' | 'avg' | 'distinct'
  readonly selector: Selector
  readonly of: Operand
  readonly by?: GroupKeys
}

/** Spans with equal values of these are a group; its test holds where it holds of some group. */
export type GroupKeys = readonly (Attribute | Intrinsic)[]

declare const checked: unique symbol

/** A rule that passed every check and can be compiled; only `check` makes one. */
export interface CheckedRule extends Rule {
  readonly [checked]: true
  /** The file it came from, as given to `check`. */
  readonly file: string
  /** Hash of the body's canonical form: equal for equal meaning as written, whatever the layout or comments. */
  readonly revision: string
  /** Made of another rule to count something about it; nobody wrote it. */
  readonly derived?: true
}
