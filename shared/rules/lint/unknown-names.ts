import { namesOf } from '../../trace/attribute-names.ts'
import type { Filter, NamePattern } from '../ast.ts'
import { quoted } from '../resolve/reading.ts'
import { operandsOf, testsOf } from '../walk.ts'
import type { SampledSpans } from './sample.ts'
import { type SampledNames, sampledNames } from './sampled-names.ts'
import type { NamedSelection } from './selections.ts'
import type { Lint, ReportWarning } from './warning.ts'

/** Names that no span of the sample has, and misspelt keys that its spans of that name do not have. */
export const reportUnknownNames: Lint = ({ rules, sample }) => {
  if (sample === undefined) return () => {}
  const names = sampledNames(sample, rules)
  const ofAny = keysOfAny(sample)
  return ({ selections }, report) => {
    for (const selection of selections) {
      const fitting = names.fitting(selection.name)
      if (fitting === undefined) continue
      const keys = selection.name.kind === 'any' ? ofAny : keysOf(sample, fitting)
      if (fitting.length > 0) reportKeys(selection, keys, names, report)
      else if (!selection.isBound) reportName(selection.name, sample, names, report)
    }
  }
}

function reportName(pattern: NamePattern, sample: SampledSpans, names: SampledNames, report: ReportWarning): void {
  if (pattern.kind === 'any') return
  const written = pattern.kind === 'exact' ? pattern.name : pattern.pattern
  const all = { id: 'names', words: () => [...sample.keysByName.keys()] }
  const meant = pattern.kind === 'exact' ? names.meant(written, all) : undefined
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

/** The attribute keys of some spans. */
interface Keys {
  has(key: string): boolean
  all(): ReadonlySet<string>
}

/** Of the spans of any name: gathered once, for every rule that asks. */
function keysOfAny(sample: SampledSpans): Keys {
  let gathered: ReadonlySet<string> | undefined
  const all = () => {
    gathered ??= gather(sample, [...sample.keysByName.keys()])
    return gathered
  }
  return { has: (key) => all().has(key), all }
}

/** Of the spans of a few names: gathered only where a key is unknown. */
function keysOf(sample: SampledSpans, names: readonly string[]): Keys {
  const { keysByName, resourceKeys } = sample
  const has = (key: string) => resourceKeys.has(key) || names.some((name) => keysByName.get(name)?.has(key))
  return { has, all: () => gather(sample, names) }
}

function gather({ keysByName, resourceKeys }: SampledSpans, names: readonly string[]): ReadonlySet<string> {
  const keys = new Set(resourceKeys)
  for (const name of names) for (const key of keysByName.get(name) ?? []) keys.add(key)
  return keys
}

/** Only keys that are nearly one of those seen: an attribute may well be rare. */
function reportKeys({ name, filters }: NamedSelection, keys: Keys, names: SampledNames, report: ReportWarning): void {
  const id = name.kind === 'any' ? 'any' : name.kind === 'exact' ? `=${name.name}` : `*${name.pattern}`
  for (const { key, exact, range } of attributesOf(filters)) {
    const { others } = namesOf(key, exact)
    const meant =
      keys.has(key) || others.some((other) => keys.has(other.key))
        ? undefined
        : names.meant(key, { id, words: keys.all })
    if (meant === undefined) continue
    report({
      code: 'unknown-attribute',
      message: `no such span of the sample has the attribute ${key}`,
      hint: `did you mean ${meant}?`,
      range,
    })
  }
}

function* attributesOf(filters: readonly Filter[]) {
  for (const { test } of testsOf(filters)) {
    for (const operand of operandsOf(test)) if (operand.kind === 'attribute') yield operand
  }
}
