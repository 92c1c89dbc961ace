import fc from 'fast-check'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { anyNotice, noticeOf, resolvedOf } from '../notices.ts'
import { httpOf, opened, recorder } from './opened.ts'

const URL_ = 'https://discord.com/api/webhooks/1/secret'
const discord = opened('discord', { url: URL_ })
const REF = { id: '42', opening: '1' }
const CREATED = { status: 200, body: '{"id":"42","channel_id":"7"}' }

const text = (most: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(most))
/** What Discord documents, strictly. */
const embed = v.strictObject({
  title: text(256),
  description: text(4_096),
  color: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffff)),
  fields: v.pipe(
    v.array(v.strictObject({ name: text(256), value: text(1_024), inline: v.boolean() })),
    v.maxLength(25),
  ),
  timestamp: v.pipe(v.string(), v.isoTimestamp()),
})
const message = v.strictObject({
  content: text(2_000),
  allowed_mentions: v.strictObject({ parse: v.tuple([]) }),
  embeds: v.tuple([embed]),
})

test('an opening is a message that mentions nobody; its later states change it', async () => {
  const { sent, send } = recorder(CREATED)
  expect(await discord.tell(noticeOf(), undefined, send)).toEqual({ outcome: 'taken', ref: REF })
  expect(await discord.tell(resolvedOf(), REF, send)).toEqual({ outcome: 'taken', ref: REF })
  expect(httpOf(sent).map(({ method, url }) => [method, url])).toEqual([
    ['POST', `${URL_}?wait=true`],
    ['PATCH', `${URL_}/messages/42`],
  ])
  const { content, embeds } = v.parse(message, httpOf(sent)[0]?.json)
  expect(content).toBe(
    'PAYMENT\\_WITHOUT\\_RECEIPT broken in checkout since 2026\\-11\\-29 12\\:04\\:05 UTC\\: 1 trace',
  )
  expect(embeds[0].fields.map(({ value }) => value)).toEqual([
    '[Trace](https://jaeger.example/trace/5b8efff798038103d269b633813fc60c)',
    '[Runbook](https://docs.example/runbook#receipts)',
  ])
})

test('a message that somebody deleted is posted again, as is a second opening', async () => {
  const { sent, send } = recorder({ status: 404, body: '{"message":"Unknown Message","code":10008}' }, CREATED)
  expect(await discord.tell(resolvedOf(), { ...REF, id: '41' }, send)).toEqual({ outcome: 'taken', ref: REF })
  expect(httpOf(sent).map(({ method }) => method)).toEqual(['PATCH', 'POST'])
  const again = recorder(CREATED)
  const answer = await discord.tell(noticeOf({ opening: 2 }), REF, again.send)
  expect([answer, httpOf(again.sent)[0]?.method]).toEqual([{ outcome: 'taken', ref: { ...REF, opening: '2' } }, 'POST'])
})

test('any notice is a message within the limits', async () => {
  await fc.assert(
    fc.asyncProperty(anyNotice, async (notice) => {
      const { sent, send } = recorder(CREATED)
      await discord.tell(notice, undefined, send)
      const { embeds } = v.parse(message, httpOf(sent)[0]?.json)
      const { title, description, fields } = embeds[0]
      const together = [title, description, ...fields.flatMap(({ name, value }) => [name, value])].join('')
      expect(together.length).toBeLessThanOrEqual(6_000)
    }),
  )
})
