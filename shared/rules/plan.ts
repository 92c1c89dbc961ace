import type { AttributeValue, Span, Trace } from '../trace/span.ts'
import type { CheckedRule, NamePattern } from './ast.ts'
import type { NameLookup } from './name-index.ts'
import type { Lookups } from './plan-test.ts'
import type { Outcome, Verdict } from './verdict.ts'

/**
 * Rules ready to judge any number of traces. A rule that no trace lacking certain span names can violate is looked at
 * only where such a name occurs; `judge` returns no verdict of it elsewhere, where its outcome is its idle outcome.
 */
export interface RuleSet {
  readonly rules: readonly CheckedRule[]
  readonly plans: readonly RulePlan[]
  /** Groups of the rules that a span name belongs to; those of `any` are left out. */
  readonly lookup: NameLookup<NameGroup>
  /** To be judged on every trace, as they may be violated or triggered whatever spans it has. */
  readonly always: readonly RulePlan[]
  /** To be judged on every trace that has a span. */
  readonly anySpan: readonly RulePlan[]
  /** Every name pattern that is asked for, by its shape. */
  readonly groups: ReadonlyMap<string, NameGroup>
  /** How a span is read to say why a filter fails. */
  readonly lookups: Lookups<SpanView>
}

/** One rule as closures. */
export interface RulePlan {
  readonly rule: CheckedRule
  /** Place among the rules of its set. */
  readonly order: number
  readonly decide: (run: Run) => Outcome
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
}

/** Spans of a name that pass a filter; equal ones of different rules are one. */
export interface Predicate {
  readonly group: NameGroup
  /** Undefined where there is no filter. */
  readonly test: ((view: SpanView) => boolean) | undefined
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
  /** How many spans a predicate takes, once counted. */
  readonly counts: Map<Predicate, number>
  /** Spans that some filter looked at, by position. */
  views: (SpanView | undefined)[] | undefined
  globs: ReadonlyMap<NameGroup, readonly number[]> | undefined
  everySpan: readonly number[] | undefined
  facts: TraceFacts | undefined
}

export interface NamedSpans {
  readonly groups: readonly NameGroup[]
  /** Positions in `trace.spans`, ascending. */
  readonly positions: number[]
}

/** A span with the attributes read so far. */
export interface SpanView {
  readonly run: Run
  readonly span: Span
  /** By key; null where neither the span nor its resource has a value. */
  values: Map<string, AttributeValue> | undefined
}

export interface TraceFacts {
  readonly durationNanos: number | bigint
  readonly services: number
  readonly root: Span | undefined
}
