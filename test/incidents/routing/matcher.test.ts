import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FACT_NAMES, type FactName, type IncidentFacts } from '../../../shared/incidents/routing/facts.ts'
import { holdsPerhaps, type Matcher, matches, whyMatches } from '../../../shared/incidents/routing/matcher.ts'
import { readMatcher } from '../../../shared/incidents/routing/read-matcher.ts'
import { sourceOf } from '../../../shared/rules/read/source.ts'
import { renderProblem } from '../../../shared/text/problem-text.ts'
import { incidentWith } from './incident.ts'

const read = (text: string) => readMatcher(sourceOf(text))

function matcherOf(text: string): Matcher {
  const { matcher, problems } = read(text)
  if (matcher === undefined) throw new Error(problems.map(({ message }) => message).join('; '))
  return matcher
}

const holds = (text: string, facts: Partial<IncidentFacts> = {}) => matches(matcherOf(text), incidentWith(facts))

/** The code of each problem, the text it marks, and the hint. */
function problemsOf(text: string) {
  return read(text).problems.map(({ code, range, hint }) => [
    code,
    text.slice(range.start.offset, range.end.offset),
    hint,
  ])
}

describe('a matcher', () => {
  test('reads every fact of an incident by its name', () => {
    const facts: Partial<IncidentFacts> = {
      owner: 'payments',
      tags: ['money', 'soc2'],
      group: { name: 'region', value: 'eu' },
      experiments: ['exp-1'],
      complete: true,
    }
    expect(holds('rule == PAYMENT_FAILED and severity in [critical, high]', facts)).toBe(true)
    expect(holds('owner == payments and tags contains money', facts)).toBe(true)
    expect(holds('service starts with "check" and group == eu and group.name == region', facts)).toBe(true)
    expect(holds('experiments contains exp-1 and complete and source == "https://betrace.example"', facts)).toBe(true)
    expect(holds('rule matches "^PAYMENT_" and not (service starts with "test-")', facts)).toBe(true)
  })

  test('finds nothing where a fact is missing', () => {
    expect(holds('owner == payments')).toBe(false)
    expect(holds('owner != payments')).toBe(false)
    expect(holds('not exists(owner) and not exists(tags) and not exists(experiments) and not exists(group)')).toBe(true)
    expect(holds('not exists(complete)')).toBe(true)
  })

  test('takes a dotted word for text, since an incident cannot have an attribute of that name', () => {
    expect(holds('owner == team.payments', { owner: 'team.payments' })).toBe(true)
    expect(holds('owner != team.payments', { owner: 'search' })).toBe(true)
  })

  test('may hold a comment and line breaks', () => {
    expect(holds('rule == PAYMENT_FAILED // the one that costs money')).toBe(true)
    expect(holds('rule == PAYMENT_FAILED\n  and severity == critical')).toBe(true)
  })

  test('says which facts decided', () => {
    const why = (text: string, facts: Partial<IncidentFacts> = {}) => whyMatches(matcherOf(text), incidentWith(facts))
    expect(why('severity in [critical, high]')).toBe('severity is critical')
    expect(why('owner == payments or severity == critical')).toBe('severity is critical')
    expect(why('tags contains money and not (owner == search)', { tags: ['money', 'eu'] })).toBe(
      'no owner, tags are money, eu',
    )
  })
})

describe('a matcher is refused', () => {
  test('where it names what no incident has, with the name that was meant', () => {
    expect(problemsOf('serverity == critical')).toEqual([['unknown-name', 'serverity', 'did you mean severity?']])
    expect(problemsOf('team == payments')).toEqual([['unknown-name', 'team', 'did you mean owner?']])
    expect(problemsOf('rule == X and http.method == GET')).toEqual([
      ['unknown-name', 'http.method', `use only ${FACT_NAMES.join(', ')}`],
    ])
  })

  test('where it looks at spans', () => {
    for (const text of ['span.duration > 3ms', 'trace.root.name == x', 'resource.region == eu']) {
      expect(problemsOf(text).map(([code]) => code)).toEqual(['unknown-name'])
    }
    expect(problemsOf('trace.has(x)').map(([code]) => code)).toEqual(['trace-inside-where'])
  })

  test('where no incident can have the value', () => {
    expect(problemsOf('severity == hihg')).toEqual([['unknown-severity', 'hihg', 'write high']])
    expect(problemsOf('severity in [critical, error]')).toEqual([['unknown-severity', 'error', 'write high']])
    expect(problemsOf('group == 42')).toEqual([['kind-mismatch', '42', 'put it in quotes']])
    expect(problemsOf('complete == "yes"')).toEqual([
      ['kind-mismatch', '"yes"', 'write complete == true or complete == false'],
    ])
    expect(problemsOf('owner')).toEqual([['kind-mismatch', 'owner', 'write exists(owner), or compare it']])
    expect(problemsOf('severity >= "high"').map(([code]) => code)).toEqual(['kind-mismatch'])
  })

  test('where its brackets would close what is around it', () => {
    for (const text of ['rule == X) or trace.has(y', 'rule == X).where(owner == y', 'rule == X).event(y']) {
      expect(problemsOf(text)).toEqual([['unexpected-text', text, 'balance its brackets']])
    }
    expect(problemsOf('rule == X)').map(([code]) => code)).toEqual(['unexpected-text'])
    expect(problemsOf('(rule == X').map(([code]) => code)).toEqual(['unclosed-bracket'])
  })

  test('where it is empty or too long', () => {
    expect(problemsOf(' ')).toEqual([['missing-condition', ' ', 'write one, such as severity == critical']])
    expect(problemsOf(`rule == ${'x'.repeat(5000)}`).map(([code]) => code)).toEqual(['rule-too-long'])
  })

  test('in the words of a rule, with a caret', () => {
    const text = 'rule = X'
    const [problem] = read(text).problems
    expect(renderProblem({ ...(problem as NonNullable<typeof problem>), file: 'f' }, text, { colour: false })).toBe(
      [
        'f:1:6  wrong-operator  "=" is not an operator of this language',
        '  |',
        '1 | rule = X',
        '  |      ^',
        '  = write rule == …',
      ].join('\n'),
    )
  })
})

describe('whatever the text', () => {
  const word = fc.constantFrom(...FACT_NAMES, 'critical', 'high', '==', '!=', 'in', 'not', 'and', 'or', 'exists', '//')
  const sign = fc.constantFrom('(', ')', '[', ']', ',', '"', '.where(', '.event(', ' as ', '\n', '7', '5ms', '*', '\\')
  const text = fc
    .array(fc.oneof(word, sign, fc.string({ maxLength: 4 })), { maxLength: 12 })
    .map((all) => all.join(' '))

  test('a matcher comes of it, or problems that lie in the text', () => {
    fc.assert(
      fc.property(text, (written) => {
        const { matcher, problems } = read(written)
        expect(matcher === undefined).toBe(problems.length > 0)
        for (const { range } of problems) {
          expect(range.start.offset).toBeGreaterThanOrEqual(0)
          expect(range.end.offset).toBeLessThanOrEqual(written.length)
        }
        if (matcher !== undefined) matches(matcher, incidentWith())
      }),
    )
  })
})

describe('what is asked of half-known incidents', () => {
  const atoms = ['severity == critical', 'severity in [low, info]', 'owner == payments', 'exists(owner)', 'group == eu']
  const filter = fc.letrec<{ filter: string }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(...atoms),
      tie('filter').map((operand) => `not (${operand})`),
      fc
        .tuple(tie('filter'), fc.constantFrom('and', 'or'), tie('filter'))
        .map(([l, word, r]) => `(${l}) ${word} (${r})`),
    ),
  })).filter
  const incident = fc.record({
    severity: fc.constantFrom('critical', 'low', 'medium'),
    owner: fc.option(fc.constantFrom('payments', 'search'), { nil: undefined }),
    group: fc.option(fc.constant({ name: 'region', value: 'eu' }), { nil: undefined }),
  }) as fc.Arbitrary<Partial<IncidentFacts>>
  const someNames = fc.subarray<FactName>(['severity', 'owner', 'group']).map((names) => new Set(names))

  test('is certain only where the facts that are not known change nothing', () => {
    fc.assert(
      fc.property(filter, incident, incident, someNames, (written, facts, others, unknown) => {
        const matcher = matcherOf(written)
        const known = incidentWith(facts)
        expect(holdsPerhaps(matcher, known, new Set())).toBe(matches(matcher, known))
        const changed = Object.fromEntries(Object.entries(others).filter(([name]) => unknown.has(name as FactName)))
        const certain = holdsPerhaps(matcher, known, unknown)
        if (certain !== undefined) expect(matches(matcher, { ...known, ...changed } as IncidentFacts)).toBe(certain)
      }),
    )
  })
})
