import fc from 'fast-check'
import { expect, it as test } from 'vitest'
import { checkRules } from '../../../shared/rules/check/check.ts'
import { lintRules } from '../../../shared/rules/lint/lint.ts'
import { canonicalBody, revisionOf } from '../../../shared/rules/print/canonical.ts'
import { renderProblem } from '../../../shared/text/problem-text.ts'
import { boundBody } from '../../reference/bound-rules.ts'
import { anyBody, bodyOf } from '../../reference/rules.ts'

const FRAGMENTS = [
  'trace.has(',
  'has(',
  'count(',
  'all(',
  'payment.charge',
  'a',
  'x',
  'EU',
  'any',
  'tenant-A',
  'a/b',
  'http.*',
  '*',
  'null',
  '.where(',
  '.by(',
  '.event(',
  ')',
  '(',
  '[',
  ']',
  '{',
  '}',
  ',',
  '.',
  '"',
  '"text"',
  '"a\\"',
  "'q'",
  '`',
  '“',
  '$x',
  '\\',
  ' and ',
  ' or ',
  ' not ',
  ' in ',
  ' not in ',
  ' == ',
  ' != ',
  ' < ',
  ' >= ',
  ' contains ',
  ' starts with ',
  ' matches ',
  ' is ',
  '&&',
  '||',
  '!',
  '===',
  '=',
  ' + ',
  ' - ',
  '-',
  ' * ',
  ' / ',
  '/',
  '//',
  '// c\n',
  '%',
  '5',
  '1e3',
  '5ms',
  '5xx',
  '1.2.3',
  '.5',
  'when { ',
  ' always { ',
  ' never { ',
  ' except when { ',
  'let $a = ',
  'define b = ',
  ' before ',
  ' under ',
  ' as p ',
  ' within 5s',
  'span.duration',
  'span.status',
  'trace.duration',
  'resource.x',
  'exists(',
  'num(',
  'attr(',
  ' ',
  '\n',
  '\t',
  '\r\n',
  '\u00a0',
  '😀',
  '日本',
  '\u0000',
  '\ud800',
  '// Signal: B (high)\n',
  '// Mode: shadow\n',
  '// Signal: bad\n',
  ';',
  '@',
]

const text = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 40 }).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
)

function expectSoundProblems(file: string, written: string) {
  const { problems, rules, ruleCount } = checkRules([{ file, text: written }])
  const visible = written.replace(/^\uFEFF/, '')
  const lines = visible.split('\n')
  for (const problem of problems) {
    const { start, end } = problem.range
    expect(start.offset).toBeLessThanOrEqual(end.offset)
    expect(end.offset).toBeLessThanOrEqual(visible.length + 1)
    expect(start.line).toBeLessThanOrEqual(lines.length)
    expect(start.column).toBeLessThanOrEqual((lines[start.line - 1]?.length ?? 0) + 1)
    expect(visible.slice(0, start.offset).split('\n')).toHaveLength(start.line)
    expect(problem.hint).not.toBe('')
    expect(renderProblem(problem, written, { colour: false })).toContain(`${file}:${start.line}:${start.column}`)
  }
  expect(rules.length).toBeLessThanOrEqual(ruleCount)
  return { problems, rules, ruleCount }
}

test('any text is read without a crash, and each problem stands inside it', () => {
  fc.assert(
    fc.property(text, (body) => {
      const { rules, problems } = expectSoundProblems('a.rules', `// Signal: A (high)\n${body}`)
      expect(rules.length > 0 || problems.length > 0).toBe(true)
    }),
    { numRuns: 1500 },
  )
})

/** A rule as a person leaves it half way: a part removed, repeated, moved, or something else put in. */
const slipped = fc
  .tuple(
    fc.oneof(anyBody, boundBody),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 12 }), fc.nat(), fc.constantFrom('cut', 'repeat', 'move', 'put')), {
      minLength: 1,
      maxLength: 3,
    }),
    fc.constantFrom(...FRAGMENTS),
  )
  .map(([body, slips, fragment]) =>
    slips.reduce((text, [from, length, to, slip]) => {
      const start = from % (text.length + 1)
      const part = text.slice(start, start + length)
      const without = text.slice(0, start) + text.slice(start + length)
      if (slip === 'cut') return without
      const target = slip === 'move' ? without : text
      const at = to % (target.length + 1)
      return target.slice(0, at) + (slip === 'put' ? fragment : part) + target.slice(at)
    }, body),
  )

test('a rule with slips is read without a crash, each problem stands inside it, and what is good has warnings inside it', () => {
  fc.assert(
    fc.property(slipped, (body) => {
      const written = `// Signal: A (high)\n${body}`
      const { rules, problems } = expectSoundProblems('a.rules', written)
      expect(rules.length > 0 || problems.length > 0).toBe(true)
      for (const { range, hint } of lintRules(rules).items) {
        expect(hint).not.toBe('')
        expect(range.start.offset).toBeLessThan(range.end.offset)
        expect(range.end.offset).toBeLessThanOrEqual(written.length)
      }
    }),
    { numRuns: Number(process.env.CASES ?? 1500), seed: Number(process.env.SEED ?? 1) },
  )
})

test('any text as a pack is read without a crash, and each problem stands inside it', () => {
  const styles = fc.constantFrom('|', '>-', '"', "'", '')
  fc.assert(
    fc.property(text, styles, (body, style) => {
      const block = style === '|' || style === '>-'
      const condition = block
        ? `${style}\n${body.replace(/^/gm, '      ')}`
        : style === '"'
          ? JSON.stringify(body)
          : `${style}${body}${style}`
      expectSoundProblems('a.yaml', `rules:\n  - id: a\n    severity: low\n    condition: ${condition}\n`)
    }),
    { numRuns: 800 },
  )
})

const anyText = fc.oneof(anyBody, boundBody)

test('the canonical form of a rule reads back as the same rule', () => {
  fc.assert(
    fc.property(anyText, (written) => {
      // Definitions may bind more spans side by side than a text without them can.
      fc.pre(!written.startsWith('define') || (written.match(/ as /g) ?? []).length <= 4)
      const canonical = canonicalBody(bodyOf(written))
      expect(canonicalBody(bodyOf(canonical))).toBe(canonical)
    }),
    { numRuns: 800, seed: 1 },
  )
})

test('a revision does not depend on layout, comments or superfluous brackets', () => {
  const revision = (written: string) => revisionOf(bodyOf(written))
  fc.assert(
    fc.property(anyText, fc.constantFrom('\n', '\t', ' // c\n', ' // c\n // d\n', '\r\n'), (body, space) => {
      const spaced = body.replace(/("(?:\\.|[^"])*")| /g, (found, quoted) => quoted ?? found.replace(' ', space))
      expect(revision(spaced)).toBe(revision(body))
      if (!/^(?:when|define)/.test(body)) expect(revision(`((${body}))`)).toBe(revision(body))
    }),
    { numRuns: 400, seed: 1 },
  )
})

test('a revision does not depend on how bound spans are called', () => {
  fc.assert(
    fc.property(boundBody, (body) => {
      const renamed = body.replace(
        /("(?:\\.|[^"])*")|\b([pqrs])(?=[. )\n]|$)/g,
        (_all, quoted, name) => quoted ?? `${name}_1`,
      )
      expect(revisionOf(bodyOf(renamed))).toBe(revisionOf(bodyOf(body)))
    }),
    { numRuns: 300, seed: 1 },
  )
})
