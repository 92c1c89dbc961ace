import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkRead, checkRules } from '../../../shared/rules/check/check.ts'
import { plainPack, readPlainPack } from '../../../shared/rules/read/plain-pack.ts'

const PACK = `# a pack
rules:
  - id: CHARGED_UNSEEN
    name: Charge
    description: |
      every charge
        follows a validation
    severity: critical
    condition: &charged |
      let $big = 1000
      trace.has(payment.charge).where(amount > $big)
        and not trace.has("cart.validate")
    tags: [payments, "two words"]
    owner: payments
    mode: shadow
  - {id: AGAIN, severity: low, condition: *charged}
  - {id: INVARIANT, severity: info, condition: 'when { a } never { b }'}
`

function fromYaml(text: string) {
  return checkRules([{ file: 'a.yaml', text }])
}

/** As a set keeps it: through JSON. */
function fromPlain(text: string) {
  const read = readPlainPack(JSON.parse(JSON.stringify(plainPack(text))))
  return checkRead([{ file: 'a.yaml', read }])
}

/** All of a rule that decides its verdicts, its signals and their ids. */
function said({ rules, ruleCount }: ReturnType<typeof fromYaml>) {
  const told = rules.map(({ name, severity, metadata, revision, text, file }) => ({
    name,
    severity,
    metadata,
    revision,
    text,
    file,
  }))
  return { told, ruleCount }
}

describe('a pack as plain data', () => {
  test('says what its YAML says', () => {
    const yaml = fromYaml(PACK)
    expect(yaml.problems).toEqual([])
    expect(yaml.rules).toHaveLength(3)
    expect(said(fromPlain(PACK))).toEqual(said(yaml))
  })

  test('keeps what is wrong with a rule or the whole pack, and its places in the YAML', () => {
    const bad = [
      'rules: [{id: A, severity: low, condition: "a && b"}, {id: B, severity: urgent, condition: c}, {id: C, severity: low, condition: d}]',
      'rules: {}',
      'rules:\n  - id: [',
      'rules: [{id: "1", severity: low, condition: a}, 7]',
      '',
    ]
    for (const text of bad) {
      const yaml = fromYaml(text)
      const plain = fromPlain(text)
      expect(plain.problems).toEqual(yaml.problems)
      expect(yaml.problems.length).toBeGreaterThan(0)
      expect(said(plain)).toEqual(said(yaml))
    }
  })

  test('reports what only the checks find, at the rule', () => {
    const text = 'rules:\n  - {id: A, severity: low, condition: "db.where(span.duration > 1000)"}'
    expect(fromPlain(text).problems).toMatchObject([{ code: 'kind-mismatch', range: { start: { line: 2 } } }])
  })

  test('survives any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const written = `rules: [{id: A, severity: low, condition: ${JSON.stringify(text)}}]`
        expect(said(fromPlain(written))).toEqual(said(fromYaml(written)))
      }),
      { seed: 7, numRuns: 200 },
    )
  })
})
