import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Matcher } from '../../../shared/incidents/routing/matcher.ts'
import { readMatcher } from '../../../shared/incidents/routing/read-matcher.ts'
import { type NotifyRoute, reachOf, routeOf } from '../../../shared/incidents/routing/routes.ts'
import { sourceOf } from '../../../shared/rules/read/source.ts'
import { incidentWith } from './incident.ts'

const when = (text: string) => readMatcher(sourceOf(text)).matcher as Matcher
const route = (text: string, to: readonly string[], flags: Partial<NotifyRoute> = {}): NotifyRoute => {
  return { when: text === 'otherwise' ? text : when(text), to, updates: true, ended: true, ...flags }
}

describe('the receivers of an incident', () => {
  test('are those of every route that takes it', () => {
    const routes = [
      route('severity in [critical, high]', ['oncall', 'payments']),
      route('owner == search', ['search']),
      route('service == checkout', ['prom']),
      route('otherwise', ['rest']),
    ]
    expect(routeOf({ routes }, incidentWith({ severity: 'high' }))).toEqual([
      { receiver: 'oncall', updates: true, ended: true, because: 'severity in [critical, high] (severity is high)' },
      { receiver: 'payments', updates: true, ended: true, because: 'severity in [critical, high] (severity is high)' },
      { receiver: 'prom', updates: true, ended: true, because: 'service == checkout (service is checkout)' },
    ])
  })

  test('are those of the route for the rest where no other takes it, wherever it is written', () => {
    const routes = [route('otherwise', ['rest']), route('owner == search', ['search'])]
    expect(routeOf({ routes }, incidentWith())).toEqual([
      { receiver: 'rest', updates: true, ended: true, because: 'no other route takes it' },
    ])
    expect(routeOf({ routes }, incidentWith({ owner: 'search' })).map(({ receiver }) => receiver)).toEqual(['search'])
  })

  test('are told what one of their routes says', () => {
    const routes = [
      route('severity == critical', ['chat'], { updates: false, ended: false }),
      route('service == checkout', ['chat'], { updates: true, ended: false }),
    ]
    expect(routeOf({ routes }, incidentWith())).toEqual([
      {
        receiver: 'chat',
        updates: true,
        ended: false,
        because: 'severity == critical (severity is critical); service == checkout (service is checkout)',
      },
    ])
  })

  test('may be none', () => {
    expect(routeOf({ routes: [route('owner == search', ['search'])] }, incidentWith())).toEqual([])
  })

  test('are the same in whatever order the routes are written', () => {
    const routes = [
      route('severity == critical', ['a', 'b'], { updates: false }),
      route('service == checkout', ['b', 'c']),
      route('owner == search', ['d']),
      route('otherwise', ['e']),
    ]
    const incidents = [
      incidentWith(),
      incidentWith({ severity: 'low', service: 'x' }),
      incidentWith({ owner: 'search' }),
    ]
    fc.assert(
      fc.property(
        fc.shuffledSubarray(routes, { minLength: 4 }),
        fc.constantFrom(...incidents),
        (shuffled, incident) => {
          const told = (of: readonly NotifyRoute[]) =>
            routeOf({ routes: of }, incident)
              .map(({ receiver, updates, ended }) => ({ receiver, updates, ended }))
              .toSorted((one, other) => one.receiver.localeCompare(other.receiver))
          expect(told(shuffled)).toEqual(told(routes))
        },
      ),
    )
  })
})

describe('whom a rule reaches', () => {
  const routes = [
    route('severity == critical', ['oncall']),
    route('service == checkout', ['payments']),
    route('otherwise', ['rest']),
  ]
  const reach = (severity: 'critical' | 'low') => reachOf({ routes }, incidentWith({ severity }), new Set(['service']))

  test('is certain where what is not known changes nothing', () => {
    expect(reach('critical')).toEqual([
      { receiver: 'oncall', isCertain: true },
      { receiver: 'payments', isCertain: false },
    ])
  })

  test('may be the route for the rest where another depends on what is not known', () => {
    expect(reach('low')).toEqual([
      { receiver: 'payments', isCertain: false },
      { receiver: 'rest', isCertain: false },
    ])
  })
})
