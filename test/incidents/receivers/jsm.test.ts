import fc from 'fast-check'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { anyNotice, noticeOf, resolvedOf } from '../notices.ts'
import { httpOf, opened, recorder } from './opened.ts'

const KEY = '01234567-89ab-cdef-0123-456789abcdef'
const jsm = opened('jsm', { key: KEY })
const text = (most: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(most))

/** What the documents say of alerts, strictly. */
const alert = v.strictObject({
  message: text(130),
  alias: text(512),
  description: text(15_000),
  tags: v.pipe(v.array(text(50)), v.maxLength(20)),
  details: v.pipe(
    v.record(v.string(), v.string()),
    v.check((all) => Object.entries(all).flat().join('').length <= 8_000),
  ),
  entity: v.pipe(v.string(), v.maxLength(512)),
  source: text(100),
  priority: v.picklist(['P1', 'P2', 'P3', 'P4', 'P5']),
})
const note = v.strictObject({ source: text(100), note: text(25_000) })

async function sentOf(notice = noticeOf(), receiver = jsm) {
  const { sent, send } = recorder({ status: 202, body: '{"result":"Request will be processed"}' })
  expect(await receiver.tell(notice, undefined, send)).toEqual({ outcome: 'taken' })
  const [request] = httpOf(sent)
  if (request === undefined) throw new Error('nothing was sent')
  return request
}

test('an opening is an alert under an alias of its own', async () => {
  const { url, headers, json } = await sentOf()
  expect(url).toBe('https://api.atlassian.com/jsm/ops/integration/v2/alerts')
  expect(headers.authorization).toBe(`GenieKey ${KEY}`)
  expect(v.parse(alert, json)).toMatchObject({
    message: 'PAYMENT_WITHOUT_RECEIPT broken in checkout since 2026-11-29 12:04:05 UTC: 1 trace',
    alias: 'betrace/0123456789abcdef0123456789abcdef.1.1',
    tags: ['money'],
    entity: 'checkout',
    priority: 'P1',
    details: {
      Severity: 'critical',
      Owner: 'payments',
      'Trace page': expect.stringContaining('https://jaeger.example/'),
    },
  })
})

test('an end closes the alert by its alias, and a change is a note', async () => {
  const alias = 'betrace%2F0123456789abcdef0123456789abcdef.1.1'
  const end = await sentOf(resolvedOf())
  expect(end.url).toMatch(new RegExp(`/alerts/${alias}/close\\?identifierType=alias$`))
  expect(v.parse(note, end.json).note).toContain('held 512 times since')
  expect((await sentOf(noticeOf({ change: 'updated' }))).url).toMatch(/\/notes\?identifierType=alias$/)
})

test('Opsgenie takes the same at its own address', async () => {
  const { url, json } = await sentOf(noticeOf(), opened('opsgenie', { key: KEY }))
  expect(url).toBe('https://api.opsgenie.com/v2/alerts')
  expect(v.is(alert, json)).toBe(true)
})

test('a refusal says why, without the key', async () => {
  const end = { status: 422, body: JSON.stringify({ message: `Key ${KEY} may not`, took: 0.1 }) }
  expect(await jsm.tell(noticeOf(), undefined, recorder(end).send)).toEqual({
    outcome: 'refused',
    reason: 'answered 422: Key *** may not',
  })
})

test('any notice is an alert or a note within the limits', async () => {
  await fc.assert(
    fc.asyncProperty(anyNotice, async (notice) => {
      const { json } = await sentOf(notice)
      expect(v.is(notice.change === 'opened' ? alert : note, json)).toBe(true)
    }),
  )
})
