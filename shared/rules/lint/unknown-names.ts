import type { Filter, NamePattern } from '../ast.ts'
import { globTest } from '../glob.ts'
import { quoted } from '../resolve/reading.ts'
import { nearest } from '../suggest.ts'
import { operandsOf, testsOf } from '../walk.ts'
import type { Sample } from './sample.ts'
import { type Selection, selectionsOf } from './selections.ts'
import { conditionsOf, type Lint, type ReportWarning } from './warning.ts'

/** Names that no span of the sample has, and misspelt keys that its spans of that name do not have. */
export const reportUnknownNames: Lint = ({ sample }) => {
  if (sample === undefined) return () => {}
  const names = [...sample.keysByName.keys()]
  return (rule, report) => {
    for (const selection of selectionsOf(conditionsOf(rule))) {
      const fitting = names.filter(fits(selection.name))
      if (fitting.length > 0) reportKeys(selection, keysOf(sample, fitting), report)
      else if (!selection.isBound) reportName(selection.name, names, report)
    }
  }
}

function fits(pattern: NamePattern): (name: string) => boolean {
  if (pattern.kind === 'any') return () => true
  return pattern.kind === 'exact' ? (name) => name === pattern.name : globTest(pattern.pattern)
}

function reportName(pattern: NamePattern, names: readonly string[], report: ReportWarning): void {
  if (pattern.kind === 'any') return
  const written = pattern.kind === 'exact' ? pattern.name : pattern.pattern
  const meant = pattern.kind === 'exact' ? nearest(written, names) : undefined
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

function keysOf({ keysByName, resourceKeys }: Sample, names: readonly string[]): ReadonlySet<string> {
  const keys = new Set(resourceKeys)
  for (const name of names) for (const key of keysByName.get(name) ?? []) keys.add(key)
  return keys
}

/** Only keys that are nearly one of those seen: an attribute may well be rare. */
function reportKeys({ filters }: Selection, keys: ReadonlySet<string>, report: ReportWarning): void {
  const candidates = [...keys]
  for (const { key, range } of attributesOf(filters)) {
    const meant = keys.has(key) ? undefined : nearest(key, candidates)
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
