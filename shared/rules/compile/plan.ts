import type { KeyMarks } from '../../trace/key-marks.ts'
import type { AttributeValue, Span, SpanEvent, Trace } from '../../trace/span.ts'
import type { CheckedRule, NamePattern } from '../ast.ts'
import type { Lineage } from '../judge/lineage.ts'
import type { Outcome, Verdict } from '../judge/verdict.ts'

/** One rule as closures. */
export interface RulePlan {
  readonly rule: CheckedRule
  /** Place among the rules of its set. */
  readonly order: number
  readonly decide: (run: Run) => Outcome
  /**
   * Of a trace that violates the rule: until when a span may start that makes an order with `within` hold, in nanoseconds
   * since 1970. Undefined where no such span can end the violation.
   */
  readonly openUntil: ((run: Run) => bigint | undefined) | undefined
  /** Several groups trigger it, or one of several names, so that it may come up more than once on one trace. */
  readonly repeats: boolean
  /** Verdicts without evidence, the same for every trace. */
  readonly plain: { readonly [O in Exclude<Outcome, 'violated'>]: Verdict }
}

/** All that the rules ask of the spans of one name pattern. */
export interface NameGroup {
  readonly pattern: NamePattern
  /** Rules to be judged where a span of the name occurs. */
  readonly triggers: RulePlan[]
  /** Predicates on these spans so far; the next one's number. */
  predicates: number
}

/** Spans of a name that pass a filter; equal ones of different rules are one. */
export interface Predicate {
  readonly group: NameGroup
  /** Which of the group's predicates it is. */
  readonly number: number
  /** Undefined without a filter. */
  readonly test: ((view: SpanView) => boolean) | undefined
  /** Attribute keys that a span has to have to pass, by their marks: of each list at least one. */
  readonly needs: readonly (readonly number[])[]
  /** How many selectors ask for it. */
  uses: number
  /** Some rule needs the exact number of spans, not only whether there is one. */
  counted: boolean
}

/** One judging of one trace: everything that is found out on the way, so that nothing is found out twice. */
export interface Run {
  readonly trace: Trace
  /** The spans of every name that some rule asks for. */
  readonly spansByName: ReadonlyMap<string, NamedSpans>
  /** Filled on first use. */
  spansByGroup: Map<NameGroup, GroupSpans> | undefined
  facts: TraceFacts | undefined
  lineage: Lineage | undefined
}

export interface NamedSpans {
  readonly groups: readonly NameGroup[]
  /** Positions in `trace.spans`, ascending. */
  readonly positions: number[]
}

/** The spans of a group in one trace. */
export interface GroupSpans {
  /** Positions in `trace.spans`; ascending, save for globs. */
  readonly positions: readonly number[]
  /** Spans that some filter looked at, in the same places as their positions. */
  readonly views: (SpanView | undefined)[]
  /** How many spans each predicate takes, once counted. */
  readonly counts: (number | undefined)[]
  /** The attribute keys of these spans and their resources, once asked for. */
  keys: KeyMarks | undefined
  /** Which spans each predicate takes, once gathered. */
  passing: Map<number, readonly number[]> | undefined
}

/** A span as the filters of one group see it. */
export interface SpanView {
  readonly run: Run
  readonly span: Span
  /** Attributes read so far by their slot in the group; null where neither the span nor its resource has a value. */
  readonly values: (AttributeValue | undefined)[]
  /** Its events, once decoded. */
  events: readonly SpanEvent[] | undefined
}

export interface TraceFacts {
  readonly durationNanos: number | bigint
  readonly services: number
  readonly root: Span | undefined
}
