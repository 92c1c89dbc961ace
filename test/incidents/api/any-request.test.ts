import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readStoredMute } from '../../../shared/incidents/mutes/stored-mute.ts'
import { MAX_MUTE_MS } from '../../../shared/incidents/routing/mutes.ts'
import { StorageError } from '../../../shared/pipeline/storage-error.ts'
import { anyUnits } from '../notices.ts'
import { NOW_MS, openIncidentApi } from './open-api.ts'

let api: Awaited<ReturnType<typeof openIncidentApi>>
const failures: unknown[] = []

beforeAll(async () => {
  api = await openIncidentApi((error) => failures.push(error))
})
afterAll(() => api.close())

const anyText = fc.oneof(
  anyUnits,
  fc.constantFrom('', 'rule == X', 'severity == low', 'exists(rule)', 'rule matches "("'),
)
const anyTime = fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
/** One in two of these can be stored, as far as its end goes. */
const anyEnd = fc.oneof(
  fc.record({ forMs: fc.constantFrom(1, MAX_MUTE_MS) }),
  fc.record({ forMs: fc.oneof(fc.integer(), fc.double(), fc.constant(MAX_MUTE_MS + 1)) }),
  fc.record({ until: fc.constant(new Date(NOW_MS + 1).toISOString()) }),
  fc.record({ until: fc.oneof(anyTime, anyText) }, { requiredKeys: [] }),
)
const anyMute = fc
  .tuple(
    anyEnd,
    fc.record(
      {
        when: fc.oneof(fc.constantFrom('rule == X', 'tags contains money'), anyText, fc.jsonValue()),
        why: fc.oneof(fc.constant('moving'), anyText),
        by: anyText,
        all: fc.oneof(fc.boolean(), fc.jsonValue()),
      },
      { requiredKeys: ['when', 'why'] },
    ),
  )
  .map(([end, rest]) => ({ ...rest, ...end }))
const posted = fc.oneof({ arbitrary: anyMute, weight: 9 }, { arbitrary: fc.jsonValue(), weight: 1 })

test('whatever is posted as a mute is refused with a hint, or stored so that it can be read and ends within 30 days', async () => {
  let made = 0
  await fc.assert(
    fc.asyncProperty(posted, async (mute) => {
      const { status, body } = await api.ask({ method: 'POST', path: '/v1/mutes', body: JSON.stringify(mute) })
      const answer = JSON.parse(body)
      if (status !== 201) {
        expect([400, 409]).toContain(status)
        expect(answer.error.hint).toMatch(/./)
        return
      }
      made++
      const stored = await api.desk.readMute(answer.id)
      if (stored === undefined) throw new Error('it was not stored')
      expect(readStoredMute(stored)).toBeDefined()
      expect(stored.untilMs > NOW_MS && stored.untilMs <= NOW_MS + MAX_MUTE_MS).toBe(true)
      await api.desk.removeMute(answer.id, NOW_MS)
    }),
    { numRuns: 500 },
  )
  expect(made).toBeGreaterThan(0)
})

test('whatever is asked of any path is answered with JSON, and no store fails', async () => {
  const part = fc.oneof(anyUnits, fc.constantFrom('0', 'f', 'resolve', '..', '%zz', '%', '__proto__', "'; --"))
  const path = fc
    .tuple(fc.constantFrom('/v1/incidents', '/v1/mutes'), fc.array(part, { maxLength: 3 }))
    .map(([root, parts]) => [root, ...parts].join('/'))
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE', 'PUT', '__proto__'),
      path,
      fc.dictionary(fc.constantFrom('state', 'limit', 'x'), anyText),
      fc.oneof(anyText, fc.json()),
      async (method, asked, query, body) => {
        const answer = await api.ask({ method, path: asked, query: new URLSearchParams(query), body })
        expect([200, 201, 400, 404, 405, 409]).toContain(answer.status)
        expect(JSON.parse(answer.body)).toBeTypeOf('object')
      },
    ),
    { numRuns: 500 },
  )
  expect(failures).toEqual([])
})

test('a store that fails is answered with 503, and reported', async () => {
  const failing = await openIncidentApi((error) => failures.push(error))
  await failing.damage()
  const answer = await failing.ask({ path: '/v1/incidents' })
  failing.close()
  expect([answer.status, answer.headers['retry-after']]).toEqual([503, '2'])
  expect(failures.splice(0)).toEqual([expect.any(StorageError)])
})
