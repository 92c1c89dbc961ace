import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CheckedRule, NamePattern, Severity } from '../../../shared/rules/ast.ts'
import { checkRules } from '../../../shared/rules/check/check.ts'
import { globTest } from '../../../shared/rules/compile/glob.ts'
import { casesOf } from '../../../shared/rules/lint/cases.ts'
import { contradiction } from '../../../shared/rules/lint/contradiction.ts'
import { type RuleFacts, ruleFactsOf } from '../../../shared/rules/lint/facts.ts'
import { lintRules } from '../../../shared/rules/lint/lint.ts'
import { sampledSpans } from '../../../shared/rules/lint/sampled-spans.ts'
import { nearest } from '../../../shared/rules/read/suggest.ts'
import { sampled } from '../../catalogue/sampled.ts'
import { boundBody, relatedBody } from '../../reference/bound-rules.ts'
import { anyBody } from '../../reference/rules.ts'

const word = fc.constantFrom('a', 'b', 'pay.charge', 'pay.refund', 'http.*', '*.charge', '"pay*e"', 'any')
const comparison = fc.constantFrom(
  'x > 3',
  'x > 5',
  'x == 4',
  'x in [4, 5]',
  'y == EUR',
  'y == USD',
  'y != EUR',
  'y in [EUR, USD]',
  'z == true',
  'exists(x)',
  'path matches "^/v1"',
  'span.duration > 1s',
)
const clause = fc.oneof(
  word.map((name) => `trace.has(${name})`),
  fc.tuple(word, comparison).map(([name, one]) => `trace.has(${name}).where(${one})`),
  fc.tuple(word, comparison, comparison).map(([name, one, other]) => `trace.has(${name}).where(${one} and ${other})`),
  fc.tuple(word, comparison, comparison).map(([name, one, other]) => `trace.has(${name}).where(${one} or ${other})`),
  fc.tuple(word, fc.nat(3)).map(([name, limit]) => `trace.count(${name}) > ${limit}`),
  fc.tuple(word, comparison).map(([name, one]) => `trace.all(${name}).where(${one})`),
)
const body = fc.oneof(
  clause,
  fc.tuple(clause, clause).map(([one, other]) => `${one} and ${other}`),
  fc.tuple(clause, clause).map(([one, other]) => `${one} and not ${other}`),
  fc.tuple(clause, clause).map(([one, other]) => `${one} or ${other}`),
  fc.tuple(clause, clause).map(([one, other]) => `when { ${one} } always { ${other} }`),
)
const severity = fc.constantFrom<Severity>('high', 'high', 'low')
const mode = fc.constantFrom('live', 'live', 'shadow')
const setsOf = (bodies: fc.Arbitrary<string>) =>
  fc.array(fc.tuple(severity, mode, bodies), { minLength: 12, maxLength: 12 })
const sets = setsOf(body)

function rulesOf(set: readonly (readonly [Severity, string, string])[]): readonly CheckedRule[] {
  const text = set.map(([level, how, each], index) => `// Signal: R${index} (${level})\n// Mode: ${how}\n${each}\n`)
  return checkRules([{ file: 'a.rules', text: text.join('\n') }]).rules
}

const RANKS: Readonly<Record<Severity, number>> = { critical: 4, high: 3, medium: 2, low: 1, info: 0 }

/** Whether no trace violates the one rule and keeps the other, by every pair of ways. */
function implies(narrow: RuleFacts, wide: RuleFacts): boolean {
  if (narrow.rule.revision === wide.rule.revision) return true
  const kept = wide.binds ? undefined : casesOf(wide.violation, false)
  if (kept === undefined || narrow.violated === undefined || kept.length * narrow.violated.length > 64) return false
  return narrow.violated.every((one) => kept.every((other) => contradiction([...one, ...other]) !== undefined))
}

/** Rules that another one implies, found by comparing each with every other. */
function impliedOf(rules: readonly CheckedRule[]): readonly string[] {
  const facts = rules.map(ruleFactsOf)
  const isImplied = (narrow: RuleFacts, index: number) =>
    !narrow.neverFires &&
    facts.some((wide, at) => {
      const higher = RANKS[wide.rule.severity] - RANKS[narrow.rule.severity]
      const isTried = wide.rule.metadata.mode === 'shadow' && narrow.rule.metadata.mode === 'live'
      if (at === index || higher < 0 || isTried || !implies(narrow, wide)) return false
      return higher > 0 || at < index || !implies(wide, narrow)
    })
  return facts.filter(isImplied).map(({ rule }) => rule.name)
}

test('a rule is said to be implied exactly where comparing it with every other rule finds one', () => {
  let implied = 0
  fc.assert(
    fc.property(sets, (set) => {
      const rules = rulesOf(set)
      const warned = lintRules(rules).items.filter(({ code }) => code === 'implied-rule')
      expect(warned.map(({ rule }) => rule)).toEqual(impliedOf(rules))
      implied += warned.length
    }),
    { numRuns: 60, seed: 1 },
  )
  expect(implied).toBeGreaterThan(60)
})

test('a rule of any shape is said to be implied only where comparing it with every other rule finds one', () => {
  fc.assert(
    fc.property(setsOf(fc.oneof(body, anyBody, relatedBody, boundBody)), (set) => {
      const rules = rulesOf(set)
      const warned = lintRules(rules).items.filter(({ code }) => code === 'implied-rule')
      expect(impliedOf(rules)).toEqual(expect.arrayContaining(warned.map(({ rule }) => rule)))
    }),
    { numRuns: 60, seed: 4 },
  )
})

test('what is said of a rule alone is said of it among others, in the same order', () => {
  const ofSets = new Set(['implied-rule', 'attribute-as-text'])
  const alone = (rules: readonly CheckedRule[]) => lintRules(rules).items.filter(({ code }) => !ofSets.has(code))
  fc.assert(
    fc.property(sets, (set) => {
      const rules = rulesOf(set)
      expect(alone(rules)).toEqual(rules.flatMap((rule) => alone([rule])))
    }),
    { numRuns: 60, seed: 2 },
  )
})

const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'pay.charge', 'pay.chrage', 'http.get', 'c', 'pay.me'))

test('names of a sample are found as by asking each name', () => {
  const fits = (pattern: NamePattern, name: string) => {
    if (pattern.kind === 'any') return true
    return pattern.kind === 'exact' ? pattern.name === name : globTest(pattern.pattern)(name)
  }
  fc.assert(
    fc.property(sets, names, (set, seen) => {
      const rules = rulesOf(set)
      const facts = rules.map(ruleFactsOf)
      const asked = sampledSpans(sampled(Object.fromEntries(seen.map((name) => [name, {}]))), facts)
      for (const { name } of facts.flatMap(({ selections }) => selections)) {
        expect(asked.fitting(name)?.toSorted()).toEqual(seen.filter((each) => fits(name, each)).toSorted())
        if (name.kind !== 'exact') continue
        const words = { id: 'names', words: () => seen }
        expect(asked.meant(name.name, words)).toBe(nearest(name.name, seen))
        expect(asked.meant(name.name, words)).toBe(nearest(name.name, seen))
      }
    }),
    { numRuns: 60, seed: 3 },
  )
})
