import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { RECEIVER_TYPES } from '../../../shared/incidents/receivers/all.ts'
import { renderProblem } from '../../../shared/text/problem-text.ts'
import { NOW_MS, reading } from './reading.ts'

describe('whatever is written', () => {
  const keys = [
    'version',
    'receivers',
    'routes',
    'mutes',
    'links',
    'trace',
    'when',
    'to',
    'until',
    'why',
    'all',
    'type',
    'url',
    'secrets',
  ]
  const word = fc.constantFrom(
    ...keys,
    ...RECEIVER_TYPES.keys(),
    `\${A}`,
    `$\${`,
    `\${`,
    '}',
    'severity == critical',
    '&a',
    '*a',
    '|',
    '>-',
    '"',
    "'",
    '!!binary x',
    '<<',
    '\t',
    '2026-12-01T08:00:00Z',
    '1',
    'true',
  )
  const line = fc.tuple(
    fc.nat(6),
    fc.array(fc.oneof(word, fc.constantFrom(': ', '- ', '[', ']', '{', '}', ',', ' # ')), { maxLength: 8 }),
  )
  const text = fc
    .array(line, { maxLength: 12 })
    .map((lines) => lines.map(([indent, parts]) => ' '.repeat(indent) + parts.join('')).join('\n'))
  const value = fc.jsonValue({ maxDepth: 3 })
  const keyed = fc.dictionary(
    fc.constantFrom(...keys),
    fc.oneof(value, fc.dictionary(fc.constantFrom(...keys, 'hook'), value)),
  )

  test('the reader answers with a configuration or with problems that lie in the text', async () => {
    const any = fc.oneof(
      text,
      keyed.map((each) => stringify({ version: 1, ...each })),
      fc.string(),
    )
    await fc.assert(
      fc.asyncProperty(any, async (written) => {
        const { config, problems, text: shown } = await reading(written, { env: { A: 'a' } })
        expect(config === undefined).toBe(problems.length > 0)
        for (const problem of problems) {
          expect(problem.range.end.offset).toBeLessThanOrEqual(written.length + 1)
          renderProblem({ ...problem, file: 'f' }, shown, { colour: false })
        }
      }),
      { numRuns: 300 },
    )
  })

  const name = fc.stringMatching(/^[A-Za-z][\w-]{0,8}$/)
  const matcher = fc.constantFrom(
    'severity == critical',
    'owner == payments',
    'tags contains "a: b # c"',
    'not exists(group)',
  )
  const route = (names: readonly string[]) =>
    fc.record({ when: matcher, to: fc.subarray([...names], { minLength: 1 }), updates: fc.boolean() })
  const mute = fc.record({
    when: matcher,
    until: fc.integer({ min: 1, max: 29 * 86_400 }).map((seconds) => new Date(NOW_MS + seconds * 1000).toISOString()),
    why: fc.string({ minLength: 1 }).filter((why) => why.trim() !== '' && !why.includes('$')),
  })
  const file = fc.uniqueArray(name, { minLength: 1, maxLength: 4 }).chain((names) =>
    fc.record({
      version: fc.constant(1),
      receivers: fc.constant(
        Object.fromEntries(
          names.map((each) => [each, { type: 'webhook', url: `https://${each}.example`.replaceAll('_', '-') }]),
        ),
      ),
      routes: fc.array(route(names), { minLength: 1, maxLength: 4 }),
      mutes: fc.array(mute, { maxLength: 3 }),
    }),
  )

  test('a well-formed file is read as it was meant', async () => {
    await fc.assert(
      fc.asyncProperty(file, async (meant) => {
        const { config, problems } = await reading(stringify(meant))
        expect(problems).toEqual([])
        expect([...(config?.receivers.keys() ?? [])]).toEqual(Object.keys(meant.receivers))
        expect(
          config?.routes.map(({ when, to, updates }) => ({
            when: when === 'otherwise' ? when : when.text,
            to,
            updates,
          })),
        ).toEqual(meant.routes)
        expect(config?.mutes.map(({ untilMs, why }) => ({ until: new Date(untilMs).toISOString(), why }))).toEqual(
          meant.mutes.map(({ until, why }) => ({ until, why: why.trim() })),
        )
      }),
      { numRuns: 100 },
    )
  })
})
