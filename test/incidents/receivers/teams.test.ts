import fc from 'fast-check'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { anyNotice, noticeOf, resolvedOf } from '../notices.ts'
import { httpOf, opened, recorder } from './opened.ts'

const URL_ = 'https://prod-1.westeurope.logic.azure.com/workflows/1/triggers/manual/paths/invoke?sig=secret'
const teams = opened('teams', { url: URL_ })

/** The part of Adaptive Cards 1.4 that is used, strictly. */
const run = v.strictObject({
  type: v.literal('TextRun'),
  text: v.pipe(v.string(), v.minLength(1)),
  weight: v.optional(v.picklist(['Lighter', 'Default', 'Bolder'])),
  color: v.optional(v.picklist(['Default', 'Dark', 'Light', 'Accent', 'Good', 'Warning', 'Attention'])),
  fontType: v.optional(v.picklist(['Default', 'Monospace'])),
  isSubtle: v.optional(v.boolean()),
})
const card = v.strictObject({
  $schema: v.string(),
  type: v.literal('AdaptiveCard'),
  version: v.literal('1.4'),
  body: v.array(
    v.strictObject({ type: v.literal('RichTextBlock'), spacing: v.literal('Small'), inlines: v.tuple([run]) }),
  ),
  actions: v.array(
    v.strictObject({
      type: v.literal('Action.OpenUrl'),
      title: v.string(),
      url: v.pipe(v.string(), v.url(), v.regex(/^https?:/)),
    }),
  ),
  msteams: v.strictObject({ width: v.literal('Full') }),
})
const message = v.strictObject({
  type: v.literal('message'),
  attachments: v.tuple([
    v.strictObject({
      contentType: v.literal('application/vnd.microsoft.card.adaptive'),
      contentUrl: v.null(),
      content: card,
    }),
  ]),
})

async function cardOf(notice = noticeOf()) {
  const { sent, send } = recorder({ status: 202, body: '' })
  expect(await teams.tell(notice, undefined, send)).toEqual({ outcome: 'taken' })
  const [request] = httpOf(sent)
  return { request, card: v.parse(message, request?.json).attachments[0].content }
}

test('an opening is a card with the evidence and links as buttons', async () => {
  const { request, card: shown } = await cardOf()
  expect(request?.url).toBe(URL_)
  expect(shown.body.map(({ inlines: [{ text }] }) => text)).toEqual([
    'PAYMENT_WITHOUT_RECEIPT broken in checkout since 2026-11-29 12:04:05 UTC: 1 trace',
    'Each payment gets a receipt',
    'Trace 5b8efff798038103d269b633813fc60c of checkout, 2026-11-29 12:04:05 UTC',
    'when:',
    '  ✓ trace.has(payment) — 1 span',
    'always:',
    '  ✗ trace.has(receipt) — no such span',
    'Severity: critical · Service: checkout · Owner: payments · Tags: money · Traces: 1 trace · Opened: 2026-11-29 12:04:05 UTC · Incident: 0123456789abcdef0123456789abcdef.1',
  ])
  expect(shown.actions.map(({ title }) => title)).toEqual(['Trace', 'Runbook'])
})

test('an end is green only where the rule was seen to hold', async () => {
  const colour = async (notice = resolvedOf()) => (await cardOf(notice)).card.body[0]?.inlines[0].color
  expect(await colour()).toBe('Good')
  expect(await colour(resolvedOf({ ended: 'unexercised' }))).toBe('Default')
})

test('any notice is a card of at most 20 kB', async () => {
  await fc.assert(
    fc.asyncProperty(anyNotice, async (notice) => {
      const { request } = await cardOf(notice)
      expect(Buffer.byteLength(request?.body ?? '')).toBeLessThanOrEqual(20_000)
    }),
  )
})
