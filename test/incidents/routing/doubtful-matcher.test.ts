import { expect, test } from 'vitest'
import { doubtsAbout } from '../../../shared/incidents/routing/doubtful-matcher.ts'
import type { Matcher } from '../../../shared/incidents/routing/matcher.ts'
import { readMatcher } from '../../../shared/incidents/routing/read-matcher.ts'
import { sourceOf } from '../../../shared/rules/read/source.ts'

function doubts(text: string) {
  const matcher = readMatcher(sourceOf(text)).matcher as Matcher
  return doubtsAbout(matcher, matcher.filter.range).map(({ code, message, hint }) => [code, message, hint])
}

test('a matcher that contradicts itself takes nothing', () => {
  const hint = 'write "or" where either may hold, or remove a part'
  expect(doubts('severity == critical and severity == low')).toEqual([
    ['never-matches', 'no incident can match this', hint],
  ])
})

test('a "not" takes what lacks the fact, unless somebody thought of that', () => {
  expect(doubts('not (owner == payments)')).toEqual([
    [
      'not-over-missing',
      'this "not" also takes incidents that have no owner',
      'add exists(owner), or not exists(owner) if they are meant',
    ],
  ])
  for (const text of ['exists(owner) and not (owner == payments)', 'not exists(owner) or not (owner == payments)']) {
    expect([text, doubts(text)]).toEqual([text, []])
  }
  expect(doubts('owner == payments and not (service starts with "test-")')).toEqual([])
})

test('a star in a text is a star', () => {
  expect(doubts('rule == "PAYMENT_*"')).toEqual([
    ['quoted-glob', 'a star is only a star here', 'write rule starts with "PAYMENT_", or rule matches "…"'],
  ])
})
