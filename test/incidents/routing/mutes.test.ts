import { expect, test } from 'vitest'
import type { Matcher } from '../../../shared/incidents/routing/matcher.ts'
import { type Mute, matchesEverything, muteOf } from '../../../shared/incidents/routing/mutes.ts'
import { readMatcher } from '../../../shared/incidents/routing/read-matcher.ts'
import { sourceOf } from '../../../shared/rules/read/source.ts'
import { incidentWith } from './incident.ts'

const when = (text: string) => readMatcher(sourceOf(text)).matcher as Matcher
const mute = (of: Mute['when'], untilMs: number): Mute => ({ when: of, untilMs, why: `until ${untilMs}` })

test('a mute holds what it matches until it ends', () => {
  const mutes = [mute(when('rule == OTHER'), 900), mute(when('rule == PAYMENT_FAILED'), 500)]
  expect(muteOf(mutes, incidentWith(), 499)?.why).toBe('until 500')
  expect(muteOf(mutes, incidentWith(), 500)).toBeUndefined()
  expect(muteOf(mutes, incidentWith({ rule: 'OTHER' }), 500)?.why).toBe('until 900')
  expect(muteOf(mutes, incidentWith({ rule: 'THIRD' }), 0)).toBeUndefined()
})

test('of several mutes the one that ends last holds', () => {
  const mutes = [mute(when('severity == critical'), 300), mute('everything', 700), mute(when('exists(rule)'), 500)]
  expect(muteOf(mutes, incidentWith(), 0)?.why).toBe('until 700')
})

test('a matcher takes everything where it takes incidents as unlike as can be', () => {
  const everything = ['exists(rule)', 'rule != PAYMENT_FAILED', 'rule matches ".*"', 'not (owner == payments)']
  everything.push('severity in [critical, high, medium, low, info]', 'owner == a or not (owner == a)')
  for (const text of everything) expect([text, matchesEverything(when(text))]).toEqual([text, true])
  for (const text of ['severity == critical', 'exists(owner)', 'not exists(group)', 'severity != critical']) {
    expect([text, matchesEverything(when(text))]).toEqual([text, false])
  }
})
