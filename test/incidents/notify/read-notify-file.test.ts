import { describe, expect, test } from 'vitest'
import { routeOf } from '../../../shared/incidents/routing/routes.ts'
import { renderProblem } from '../../../shared/text/problem-text.ts'
import { incidentWith } from '../routing/incident.ts'
import { HOOK, problemsOf, reading, whole } from './reading.ts'

describe('a file', () => {
  test('of receivers, routes, mutes and links is read whole', async () => {
    const { config, problems, warnings } = await reading(`version: 1
links:
  trace: { preset: jaeger, base: https://jaeger.example }
receivers:
  chat: { type: webhook, url: https://chat.example }
  hook:
    type: webhook
    url: https://hook.example
routes:
  - { when: "severity in [critical, high]", to: [hook, chat] }
  - when: owner == payments
    to: chat
    updates: false
mutes:
  - { when: "rule == PAYMENT_FAILED and group == eu", until: 2026-12-01T08:00:00+01:00, why: "INC-42", by: ana }
`)
    expect([problems, warnings]).toEqual([[], []])
    expect([...(config?.receivers.keys() ?? [])]).toEqual(['chat', 'hook'])
    expect(config?.routes.map(({ to, updates, ended, range }) => [to, updates, ended, range.start.line])).toEqual([
      [['hook', 'chat'], true, true, 10],
      [['chat'], false, true, 11],
    ])
    expect(config?.mutes).toMatchObject([{ untilMs: Date.parse('2026-12-01T07:00:00Z'), why: 'INC-42', by: 'ana' }])
    expect(config?.traceLink?.({ traceId: 'ab', startMs: 0, endMs: 1 })).toBe('https://jaeger.example/trace/ab')
  })

  test('without routes tells every receiver everything', async () => {
    const { config } = await reading(whole())
    expect(config && routeOf(config, incidentWith())).toEqual([
      { receiver: 'hook', updates: true, ended: true, because: 'no other route takes it' },
    ])
  })

  test.each([
    ['', ['1:1 malformed-notify: write version: 1 and receivers:']],
    ['- a', ['1:1 malformed-notify: write version: 1 and receivers:']],
    ['versoin: 1\n', ['1:1 malformed-notify: did you mean "version"?']],
    [
      'version: 2\nreceivers: {}',
      [
        '1:10 malformed-notify: write version: 1',
        '2:12 malformed-notify: write type: slack, or another, below its name',
      ],
    ],
    ['version: 1\n', ['1:1 malformed-notify: write receivers: and below it a name for each']],
    ['a: b: c', ['1:4 malformed-yaml: mend the YAML; text that holds ": " or " #" needs quotes']],
    [`version: 1\n---\n${HOOK}`, ['2:1 malformed-yaml: mend the YAML; text that holds ": " or " #" needs quotes']],
  ])('that is none is refused: %j', async (text, expected) => {
    expect(await problemsOf(text)).toEqual(expected)
  })

  test('may have a thousand routes', async () => {
    const routes = '  - { when: "owner == a", to: hook }\n'.repeat(1_000)
    expect((await reading(whole(`routes:\n${routes}`))).config?.routes).toHaveLength(1_000)
  })

  test('has its first hundred problems listed, and the others counted', async () => {
    const routes = '  - { otherwise: true, to: none }\n'.repeat(200)
    const { problems } = await reading(whole(`routes:\n${routes}`))
    expect(problems).toHaveLength(101)
    expect(problems.at(-1)).toMatchObject({ code: 'too-many-problems', message: '299 more problems from here on' })
  })

  test('shows all its problems as a rule does', async () => {
    const text = whole('routes:\n  - { when: "serverity == critical", to: hok }\n')
    const { problems, text: shown } = await reading(text)
    const rendered = problems.map((problem) =>
      renderProblem({ ...problem, file: 'notify.yaml' }, shown, { colour: false }),
    )
    expect(rendered.join('\n')).toBe(`notify.yaml:7:14  unknown-name  an incident has no serverity
  |
7 |   - { when: "serverity == critical", to: hok }
  |              ^^^^^^^^^
  = did you mean severity?
notify.yaml:7:42  unknown-receiver  no receiver is named "hok"
  |
7 |   - { when: "serverity == critical", to: hok }
  |                                          ^^^
  = did you mean hook?`)
  })
})

describe('a receiver is refused', () => {
  test.each([
    ['a: { type: webhok, url: https://a.example }', '3:14 malformed-receiver: did you mean webhook?'],
    ['a: { url: https://a.example }', '3:6 malformed-receiver: write type: and one of '],
    ['a: { type: webhook, url: ftp://a.example }', '3:28 malformed-receiver: correct url'],
    ['a: { type: webhook, url: 5 }', '3:28 malformed-receiver: put it in quotes'],
    ['a: { type: webhook }', '3:6 malformed-receiver: add url: …'],
    ['a: { type: webhook, url: https://a.example, urk: 3 }', '3:47 malformed-receiver: did you mean url?'],
    ['a b: { type: webhook, url: https://a.example }', '3:3 malformed-receiver: write a name such as oncall'],
    ['a: 5', '3:6 malformed-receiver: write type: and one of '],
  ])('%s', async (entry, expected) => {
    const found = await problemsOf(`version: 1\nreceivers:\n  ${entry}\n`)
    expect(found.map((problem) => problem.slice(0, expected.length))).toEqual([expected])
  })

  test('without repeating what was given, which may be secret', async () => {
    const text = whole('', `receivers:\n  a:\n    type: webhook\n    url: \${U}\n    secrets: ["\${S}"]\n`)
    const { problems, secrets } = await reading(text, { env: { U: 'hidden-url', S: 'hidden-secret' } })
    expect(problems).toHaveLength(2)
    expect(JSON.stringify(problems)).not.toContain('hidden')
    expect(secrets).toEqual(['hidden-url', 'hidden-secret'])
  })

  test('where aliases make it endless or large', async () => {
    const bomb = Array.from(
      { length: 12 },
      (_, at) => `x${at}: &a${at} [${at === 0 ? '1' : `*a${at - 1}, *a${at - 1}`}]`,
    )
    const text = `version: 1\nreceivers:\n  a: { type: webhook, ${bomb.join(', ')} }\n`
    expect(await problemsOf(text)).toEqual(['3:6 malformed-notify: write it without aliases'])
    expect(await problemsOf('version: 1\nreceivers:\n  a: &x { type: webhook, y: *x }\n')).toEqual([
      '3:9 malformed-notify: write it without aliases',
    ])
  })
})

describe('a route is refused', () => {
  test.each([
    ['{ when: "owner == a", to: [] }', 'the route tells nobody'],
    ['{ when: "owner == a" }', 'the route tells nobody'],
    ['{ to: hook }', 'the route does not say what it takes'],
    ['{ when: "owner == a", otherwise: true, to: hook }', 'a route has either when or otherwise'],
    ['{ otherwise: false, to: hook }', 'otherwise is true or left out'],
    ['{ otherwise: true, to: hook, continue: true }', '"continue" is not a key here'],
    ['{ otherwise: true, to: hook, ended: "no" }', 'ended is true or false'],
    ['{ otherwise: true, to: hook, ended: false }', 'without ends hook would keep its alerts open for ever'],
    ['hook', 'a route is a map'],
  ])('%s', async (route, message) => {
    const { problems } = await reading(whole(`routes:\n  - ${route}\n`))
    expect(problems.map((problem) => problem.message)).toEqual([message])
  })

  test('where a second one takes what is left', async () => {
    const routes = 'routes:\n  - { otherwise: true, to: hook }\n  - { otherwise: true, to: hook }\n'
    expect(await problemsOf(whole(routes))).toEqual(['8:5 malformed-route: name all receivers in one of them'])
  })
})

describe('a mute', () => {
  const mute = (written: string) => whole(`mutes:\n  - ${written}\n`)

  test.each([
    ['{ when: "owner == a", why: x }', 'the mute has no until'],
    ['{ when: "owner == a", until: 2026-12-01T08:00:00Z }', 'the mute has no why'],
    ['{ until: 2026-12-01T08:00:00Z, why: x }', 'the mute does not say what it holds back'],
    ['{ when: "owner == a", until: 2026-12-01, why: x }', '"2026-12-01" is not a time with its zone'],
    [
      '{ when: "owner == a", until: 2026-13-01T08:00:00Z, why: x }',
      '"2026-13-01T08:00:00Z" is not a time with its zone',
    ],
    ['{ when: "owner == a", until: 2026-12-29T00:00:01Z, why: x }', 'a mute ends within 30 days'],
    ['{ when: "exists(rule)", until: 2026-12-01T08:00:00Z, why: x }', 'this holds back nearly everything'],
  ])('is refused: %s', async (written, message) => {
    const { problems } = await reading(mute(written))
    expect(problems.map((problem) => problem.message)).toEqual([message])
  })

  test('of everything says so', async () => {
    const until = 'until: 2026-12-29T00:00:00Z, why: moving'
    for (const written of [`{ all: true, ${until} }`, `{ when: "exists(rule)", all: true, ${until} }`]) {
      expect((await reading(mute(written))).config?.mutes).toHaveLength(1)
    }
  })

  test('that has ended is a warning, since time alone must not make a file unusable', async () => {
    const { config, warnings } = await reading(mute('{ when: "owner == a", until: 2026-11-28T00:00:00Z, why: x }'))
    expect(warnings.map(({ code }) => code)).toEqual(['ended-mute'])
    expect(config?.mutes).toHaveLength(1)
  })
})

describe('a warning', () => {
  test('names receivers that no route tells, and doubtful matchers', async () => {
    const routes = 'routes:\n  - { when: "not (owner == a)", to: hook }\n'
    const { warnings } = await reading(
      whole(routes, `${HOOK}  other:\n    type: webhook\n    url: https://b.example\n`),
    )
    expect(warnings.map(({ code, range: { start } }) => `${start.line}:${start.column} ${code}`)).toEqual([
      '6:3 unused-receiver',
      '10:19 not-over-missing',
    ])
  })
})

describe('links', () => {
  test('say what is wrong with them', async () => {
    const { problems } = await reading(whole('links: { trace: { preset: jeager, base: https://j.example } }\n'))
    expect(problems).toMatchObject([{ code: 'malformed-link', hint: 'did you mean jaeger?' }])
  })
})
