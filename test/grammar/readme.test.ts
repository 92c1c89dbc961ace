import { readFileSync } from 'node:fs'
import { describe, expect, it as test } from 'vitest'
import { checkRules } from '../../shared/rules/check/check.ts'
import { canonicalBody } from '../../shared/rules/print/canonical.ts'
import { RULE_PROBLEM_CODES } from '../../shared/rules/problem.ts'

const readme = readFileSync(new URL('../../grammar/README.md', import.meta.url), 'utf8')

interface Example {
  readonly line: number
  readonly language: string
  readonly text: string
  /** `CODE at LINE:COLUMN`, and the hint where the example gives one. */
  readonly errors: readonly { readonly place: string; readonly hint: string | undefined }[]
}

function examplesOf(markdown: string): readonly Example[] {
  return [...markdown.matchAll(/^```(betrace|yaml)\n(.*?)^```$/gms)].map((block) => {
    const [, language = '', content = ''] = block
    const lines = content.split('\n')
    const errors = lines.flatMap((line) => {
      const [, place, hint] = /^(?:\/\/|#) error (\S+ at \d+:\d+)(?:: (.*))?$/.exec(line) ?? []
      return place === undefined ? [] : [{ place, hint }]
    })
    const text = lines.filter((line) => !/^(?:\/\/|#) error /.test(line)).join('\n')
    return { line: markdown.slice(0, block.index).split('\n').length + 1, language, text, errors }
  })
}

/** Examples below the chapter on files leave the header out. */
function check({ language, text, errors }: Example) {
  const whole =
    language === 'yaml' || text.includes('// Signal:') || errors.some(({ place }) => place.startsWith('condition-'))
  const file = language === 'yaml' ? 'example.yaml' : 'example.rules'
  const result = checkRules([{ file, text: whole ? text : `// Signal: EXAMPLE (info)\n${text}` }])
  const places = result.problems.map(({ code, range, hint }) => ({
    place: `${code} at ${range.start.line - (whole ? 0 : 1)}:${range.start.column}`,
    hint,
  }))
  return { ...result, places }
}

const examples = examplesOf(readme)

describe('grammar/README.md', () => {
  test.each(examples.map((example) => [`line ${example.line}: ${example.text.split('\n')[0]}`, example] as const))(
    'does what it says at %s',
    (_title, example) => {
      const { places, rules, ruleCount } = check(example)
      expect(places.map(({ place }) => place)).toEqual(example.errors.map(({ place }) => place))
      for (const [index, { hint }] of example.errors.entries())
        if (hint !== undefined) expect(places[index]?.hint).toBe(hint)
      if (example.errors.length === 0) expect(rules).toHaveLength(ruleCount)
    },
  )

  test('holds examples that are right and examples that are wrong', () => {
    expect(examples.filter(({ errors }) => errors.length === 0).length).toBeGreaterThan(25)
    expect(examples.filter(({ errors }) => errors.length > 0).length).toBeGreaterThan(60)
  })

  test('names every code of a problem', () => {
    const named = new Set(readme.match(/`[a-z]+(?:-[a-z]+)+`/g)?.map((code) => code.slice(1, -1)))
    expect(RULE_PROBLEM_CODES.filter((code) => !named.has(code))).toEqual([])
  })

  test('has a canonical form for every accepted example, which reads back as itself', () => {
    for (const { rules } of examples.filter(({ errors }) => errors.length === 0).map(check)) {
      for (const { body, revision } of rules) {
        const [again] = checkRules([{ file: 'a', text: `// Signal: A (low)\n${canonicalBody(body)}` }]).rules
        expect(again?.revision).toBe(revision)
      }
    }
  })
})
