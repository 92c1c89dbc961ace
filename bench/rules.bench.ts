import { parse, stringify } from 'yaml'
import { checkRules, type RuleFile } from '../shared/rules/check/check.ts'
import { compileRules } from '../shared/rules/compile/compile.ts'
import { lintRules } from '../shared/rules/lint/lint.ts'
import { shippedPacks } from '../test/shipped-packs.ts'
import { seededRandom } from './data/random.ts'
import { fileOf, idleRulesText } from './data/rules.ts'
import { once } from './once.ts'
import type { Against, Case, Size, Suite } from './suite.ts'

const SEED = 20260101
const LONGEST_RULE_BYTES = 64 * 1024
const DEEPEST = 64

/** From the text of rules to what judges, against only reading the same text as YAML. */
export const suite: Suite = {
  name: 'rules',
  ownProcesses: true,
  cases: (size) => [...shippedCases(), ...generatedCases(size), ...extremeCases()],
}

type Sources = () => readonly RuleFile[]

function shippedCases(): readonly Case[] {
  const sources = shippedPacks()
  const baseline = 'the shipped packs as YAML, parsed by yaml'
  const count = checkRules(sources).ruleCount
  return [
    asYaml(baseline, () => sources, count),
    { ...checking('the shipped packs', () => sources, count), against: { baseline, ratio: 'times slower', atMost: 6 } },
    {
      ...compiling('the shipped packs', () => sources, count),
      against: { baseline, ratio: 'times slower', atMost: 2 },
    },
  ]
}

/** What a rule costs must not grow with the number of rules. */
function generatedCases(size: Size): readonly Case[] {
  const sources = (count: number): Sources =>
    once(() => [{ file: 'bench.rules', text: idleRulesText(seededRandom(SEED), count) }])
  const than = (baseline: string, atMost: number): { readonly against: Against } => ({
    against: { baseline, ratio: 'times slower', atMost },
  })
  const [few, many] = size === 'full' ? [1000, 10_000] : [100, 1000]
  const named = (count: number) => `${count.toLocaleString('en')} rules`
  const [ten, fewSources, manySources] = [10, few, many].map(sources) as [Sources, Sources, Sources]
  const yaml = `${named(few)} as YAML, parsed by yaml`
  const checked = checking(named(few), fewSources, few)
  const compiled = compiling(named(few), fewSources, few)
  const linted = linting(named(few), fewSources, few)
  return [
    asYaml(yaml, fewSources, few),
    { ...checked, ...than(yaml, 4) },
    { ...checking('10 rules', ten, 10), against: { baseline: checked.name, ratio: 'times slower' } },
    { ...checking(named(many), manySources, many), ...than(checked.name, 1.2) },
    compiled,
    { ...compiling('10 rules', ten, 10), against: { baseline: compiled.name, ratio: 'times slower' } },
    { ...compiling(named(many), manySources, many), ...than(compiled.name, 1.2) },
    linted,
    { ...linting(named(many), manySources, many), ...than(linted.name, 1.2) },
    ...largeCases(few, many),
  ]
}

/** Sets in which a rule has much to do with every other. */
const LARGE: readonly (readonly [string, (index: number) => string])[] = [
  ['copies of a rule', () => 'payment.charge.where(amount > 100) and not fraud.check'],
  ['near copies of a rule', (index) => `payment.charge.where(amount > ${index}) and not fraud.check`],
  ['rules on one span name', (index) => `payment.charge.where(key${index} == 1)`],
  ['rules of a regular expression', (index) => `svc${index}.where(path matches "^/v[0-9]+/${index}/.{2,8}(a|b)?$")`],
]

function largeCases(few: number, many: number): readonly Case[] {
  return LARGE.flatMap(([what, body]) => {
    const [base, large] = [few, many].map((count): Case => {
      const text = once(() => fileOf(Array.from({ length: count }, (_, index) => body(index))))
      const run = () => lintRules(checkedWell([{ file: 'bench.rules', text: text() }]))
      return { name: `${count.toLocaleString('en')} ${what}, checked and linted`, run, units: count, unit: 'rule' }
    }) as [Case, Case]
    return [base, { ...large, against: { baseline: base.name, ratio: 'times slower', atMost: 1.5 } }]
  })
}

/** A rule as deep and one as long as may be, a byte of theirs against one of ordinary rules. */
function extremeCases(): readonly Case[] {
  const ordinary = once(() => idleRulesText(seededRandom(SEED), 100))
  const baseline = '100 rules, parsed and checked, a byte'
  const against = { baseline, ratio: 'times slower', atMost: 3 } as const
  return [
    byByte(baseline, ordinary()),
    { ...byByte(`a rule ${DEEPEST} levels deep, parsed and checked, a byte`, fileOf([deepBody()])), against },
    { ...byByte('a rule of 64 KiB, parsed and checked, a byte', fileOf([longBody()])), against },
  ]
}

function deepBody(): string {
  return `${'not ('.repeat(DEEPEST / 2)}trace.has(payment.charge)${')'.repeat(DEEPEST / 2)}`
}

/** Clauses joined by `and`, up to the longest rule allowed. */
function longBody(): string {
  const clauses: string[] = []
  let left = LONGEST_RULE_BYTES - 100
  for (let index = 0; left > 0; index++) {
    const clause = `trace.has(svc${index}.op).where(amount > ${index} and currency == EUR)`
    clauses.push(clause)
    left -= clause.length + 7
  }
  return clauses.slice(0, -1).join('\n  and ')
}

/** The same rules as a document of lists and text, which says as much without being understood. */
function asYaml(name: string, sources: Sources, units: number): Case {
  const text = once(() => {
    const rules = sources().flatMap((source) => source.text.split(/\n(?=\/\/ Signal:)/))
    return stringify(
      rules.map((rule) => {
        const lines = rule.split('\n')
        const head = lines.filter((line) => line.startsWith('//')).map((line) => line.slice(3))
        return { head, body: lines.filter((line) => !line.startsWith('//') && line !== '') }
      }),
    )
  })
  return { name, run: () => parse(text()), units, unit: 'rule' }
}

function checking(what: string, sources: Sources, units: number): Case {
  return { name: `${what}, parsed and checked`, run: () => checkedWell(sources()), units, unit: 'rule' }
}

function compiling(what: string, sources: Sources, units: number): Case {
  const rules = once(() => checkedWell(sources()))
  return { name: `${what}, compiled`, run: () => compileRules(rules()), units, unit: 'rule' }
}

function linting(what: string, sources: Sources, units: number): Case {
  const rules = once(() => checkedWell(sources()))
  return { name: `${what}, linted`, run: () => lintRules(rules()), units, unit: 'rule' }
}

function byByte(name: string, text: string): Case {
  return { name, run: () => checkedWell([{ file: 'bench.rules', text }]), units: text.length, unit: 'byte' }
}

function checkedWell(sources: readonly RuleFile[]) {
  const { rules, problems } = checkRules(sources)
  const [problem] = problems
  if (problem !== undefined) throw new Error(`${problem.message} in line ${problem.range?.start.line}`)
  return rules
}
