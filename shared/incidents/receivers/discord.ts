import * as v from 'valibot'
import { hash } from '../../pipeline/hash.ts'
import type { Severity } from '../../rules/ast.ts'
import { jsonText } from '../../text/visible.ts'
import { cutText } from '../cut-text.ts'
import type { Notice } from '../notice.ts'
import { incidentText } from '../text/incident-text.ts'
import { inMarkdown } from '../text/markdown.ts'
import { isoTime } from '../text/times.ts'
import { answerByStatus, jsonObject, saidIn } from './answers.ts'
import type { DeliveryRef, ReceiverType, RequestEnd } from './receiver.ts'
import { vendorUrl } from './setting-schemas.ts'

const schema = v.strictObject({
  /** A webhook of a channel: https://discord.com/api/webhooks/…. Who knows it may post. */
  url: v.pipe(
    vendorUrl,
    v.check((text) => !text.includes('?'), 'expected the URL of a webhook without parameters'),
  ),
})

const HEADERS = { 'content-type': 'application/json' }

/** One message an incident, changed in place. */
export const DISCORD: ReceiverType<v.InferOutput<typeof schema>> = {
  type: 'discord',
  schema,
  secrets: ['url'],
  open: (name, { url }) => ({
    name,
    type: 'discord',
    traits: { pages: false, edits: true, dedups: false, target: hash(['discord', url]) },
    async tell(notice, ref, send) {
      const body = jsonText(messageOf(notice))
      const why = (answer: { readonly body: string }) => saidIn(answer.body, ['message'], [url])
      if (ref?.id !== undefined && isNews(ref, notice) === false) {
        const path = `/messages/${encodeURIComponent(ref.id)}`
        const edited = await send({ kind: 'http', method: 'PATCH', url: `${url}${path}`, headers: HEADERS, body })
        // Somebody may have deleted it: it is posted again.
        if (!('status' in edited) || edited.status !== 404) return answerByStatus(edited, ref, why)
      }
      // With `wait` the answer names the message.
      const posted = await send({ kind: 'http', method: 'POST', url: `${url}?wait=true`, headers: HEADERS, body })
      return answerByStatus(posted, placeOf(posted, notice), why)
    },
  }),
}

/** Nobody is notified of a change, so another opening is another message. */
function isNews({ opening }: DeliveryRef, notice: Notice): boolean {
  return opening !== String(notice.opening)
}

function placeOf(end: RequestEnd, { opening }: Notice): DeliveryRef | undefined {
  const { id } = 'status' in end ? jsonObject(end.body) : {}
  return typeof id === 'string' && /^\d{1,30}$/.test(id) ? { id, opening: String(opening) } : undefined
}

const COLOURS: Readonly<Record<Severity, number>> = {
  critical: 0xcc0000,
  high: 0xe67300,
  medium: 0xe6b800,
  low: 0x3377cc,
  info: 0x888888,
}
const HELD_COLOUR = 0x2e8b57
const UNKNOWN_COLOUR = 0x888888

/** Characters that Discord takes; all of an embed together at most 6,000. */
const MAX = { content: 2_000, title: 256, description: 4_096, field: 1_000, together: 6_000 }

function messageOf(notice: Notice): object {
  const { headline, title, sentences, evidence, facts, links } = incidentText(notice)
  const lines = [
    ...sentences,
    ...(evidence === undefined ? [] : [`${evidence.heading}:`, ...evidence.lines]),
    facts.map(({ name, value }) => `${name}: ${value}`).join(' · '),
  ]
  const linked = links.map(({ title: name, url }) => `[${name}](${url})`).filter((each) => each.length <= MAX.field)
  const shownTitle = cutText(inMarkdown(title), MAX.title)
  const room = Math.min(MAX.description, MAX.together - shownTitle.length - linked.join('').length - 100)
  return {
    content: cutText(inMarkdown(headline), MAX.content),
    // No text is a mention, whatever it looks like.
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title: shownTitle,
        description: cutText(lines.map(inMarkdown).join('\n'), room),
        color: colourOf(notice),
        fields: linked.map((value) => ({ name: 'Page', value, inline: true })),
        timestamp: isoTime(notice.openedAtMs),
      },
    ],
  }
}

function colourOf({ change, ended, severity }: Notice): number {
  if (change !== 'resolved') return COLOURS[severity]
  return ended === 'held' || ended === 'withdrawn' ? HELD_COLOUR : UNKNOWN_COLOUR
}
