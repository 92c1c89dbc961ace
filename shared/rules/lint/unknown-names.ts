import type { Attribute, NamePattern } from '../ast.ts'
import { absentNeeds, nearestKey, type SeenNeed } from '../blind/absent.ts'
import { type Need, needsOf } from '../blind/needs.ts'
import { quoted } from '../resolve/reading.ts'
import { operandsOf, testsOfFilters } from '../walk.ts'
import { type FittingSpans, patternId, type SampledSpans, sampledAttribute } from './sampled-spans.ts'
import type { NamedSelection } from './selections.ts'
import type { Lint, ReportWarning } from './warning.ts'

/** Of fewer spans none may have carried an attribute that is rare. */
const LEAST_SPANS = 20
/** Keys that a hint lists. */
const LISTED_KEYS = 6
/** Keys that are compared for one hint, and hints for which they are: each sorts them. */
const MAX_COMPARED_KEYS = 1000
const MAX_COMPARISONS = 500

/** Names that no span of the sample has, and attributes that its spans of that name do not carry. */
export const reportUnknownNames: Lint = ({ sample }) => {
  if (sample === undefined) return () => {}
  const effort = { comparisons: MAX_COMPARISONS }
  return ({ rule, selections }, report) => {
    for (const selection of selections) {
      const fitting = sample.fitting(selection.name)
      if (fitting === undefined) continue
      if (fitting.length > 0) reportMisspeltKeys(selection, sample, report)
      else if (!selection.isBound) reportName(selection.name, sample, report)
    }
    reportAbsent(needsOf(rule.body), sample, effort, report)
  }
}

function reportName(pattern: NamePattern, sample: SampledSpans, report: ReportWarning): void {
  if (pattern.kind === 'any') return
  const written = pattern.kind === 'exact' ? pattern.name : pattern.pattern
  const all = { id: 'names', words: () => sample.catalogue.names.keys() }
  const meant = pattern.kind === 'exact' ? sample.meant(written, all) : undefined
  report({
    code: 'unknown-span-name',
    message:
      pattern.kind === 'exact'
        ? `no span of the sample is named ${quoted(written)}`
        : `${written} fits no span of the sample`,
    hint:
      meant === undefined ? 'check the name, or take a sample that holds such spans' : `did you mean ${quoted(meant)}?`,
    range: pattern.range,
  })
}

/** Whatever is asked of an attribute, also whether it exists: keys that are nearly one of those seen. */
function reportMisspeltKeys({ name, filters }: NamedSelection, sample: SampledSpans, report: ReportWarning): void {
  const spans = sample.spansOf(name)
  for (const { test } of spans === undefined ? [] : testsOfFilters(filters)) {
    for (const operand of operandsOf(test)) {
      if (operand.kind === 'attribute') reportMisspelt(operand, name, spans as FittingSpans, sample, report)
    }
  }
}

/** Returns whether the attribute is one that was misspelt. */
function reportMisspelt(
  attribute: Attribute,
  name: NamePattern,
  spans: FittingSpans,
  sample: SampledSpans,
  report: ReportWarning,
): boolean {
  if (sampledAttribute(sample, spans, attribute) !== undefined) return false
  const { key, range } = attribute
  const words = () => [...spans.attributes.keys(), ...sample.catalogue.resource.keys()]
  const meant = sample.meant(key, { id: patternId(name), words })
  if (meant === undefined) return false
  const message = `no such span of the sample has the attribute ${key}`
  report({ code: 'unknown-attribute', message, hint: `did you mean ${meant}?`, range })
  return true
}

/** What the rule needs, values of bound spans included, and no span carries that it is asked of. */
function reportAbsent(
  needs: readonly Need[],
  sample: SampledSpans,
  effort: { comparisons: number },
  report: ReportWarning,
): void {
  const seen = needs.map((need) => seenNeed(need, sample))
  for (const { need } of absentNeeds(needs, seen)) {
    const { attribute, spans } = need
    const fitting = sample.spansOf(spans.name) as FittingSpans
    if (reportMisspelt(attribute, spans.name, fitting, sample, report)) continue
    // Rules about any span are about those that have the attribute: packs ask for more than one system sends.
    if (spans.name.kind === 'any' || fitting.spans < LEAST_SPANS) continue
    const { key, from, range } = attribute
    const written = from === 'resource' ? `resource.${key}` : key
    report({
      code: 'absent-attribute',
      message: `none of the ${fitting.spans.toLocaleString('en-US')} ${spansInWords(spans.name)} in the sample has the attribute ${written}`,
      hint: hintFor(attribute, fitting, sample, effort),
      range,
    })
  }
}

/** Attributes of events are not in a sample. */
function seenNeed({ attribute, spans: { name }, event }: Need, sample: SampledSpans): SeenNeed {
  const spans = event === undefined ? sample.spansOf(name) : undefined
  if (spans === undefined) return { asked: 0, found: false, keys: [] }
  const { resourceHasMore } = sample.catalogue
  const mayBeMore = resourceHasMore || (spans.hasMore && attribute.from !== 'resource')
  const found = mayBeMore || sampledAttribute(sample, spans, attribute) !== undefined
  return { asked: spans.spans, found, keys: [] }
}

function spansInWords(name: Exclude<NamePattern, { readonly kind: 'any' }>): string {
  return name.kind === 'exact' ? `spans named ${name.name}` : `spans that fit ${name.pattern}`
}

function hintFor(
  { key, from }: Attribute,
  { attributes }: FittingSpans,
  { catalogue: { resource } }: SampledSpans,
  effort: { comparisons: number },
): string {
  const own = from === 'resource' ? resource : attributes
  const keys = [...own].sort(([, a], [, b]) => b.spans - a.spans).map(([each]) => each)
  const compared = keys.slice(0, MAX_COMPARED_KEYS)
  const meant = effort.comparisons-- > 0 ? nearestKey(key, compared) : undefined
  if (meant !== undefined) return `did you mean ${meant}? If the attribute is rare, take a larger sample`
  const more = keys.length > LISTED_KEYS ? ', …' : ''
  const have = keys.length === 0 ? 'no attribute' : `${keys.slice(0, LISTED_KEYS).join(', ')}${more}`
  return `they have ${have}: correct the key, or take a larger sample if the attribute is rare`
}
