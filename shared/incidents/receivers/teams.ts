import * as v from 'valibot'
import { hash } from '../../pipeline/hash.ts'
import type { Severity } from '../../rules/ast.ts'
import { jsonText } from '../../text/visible.ts'
import { cutText } from '../cut-text.ts'
import type { Notice } from '../notice.ts'
import { type IncidentText, incidentText } from '../text/incident-text.ts'
import { answerByStatus } from './answers.ts'
import type { ReceiverType } from './receiver.ts'
import { vendorUrl } from './setting-schemas.ts'

const schema = v.strictObject({
  /** Of a workflow "When a Teams webhook request is received". Who knows it may post. */
  url: vendorUrl,
})

/** Teams takes 28 kB; cards of more than about 20 kB were seen to fail. */
const MAX_BYTES = 20_000

/** A card for each state, since Teams does not say which card a request made. */
export const TEAMS: ReceiverType<v.InferOutput<typeof schema>> = {
  type: 'teams',
  schema,
  secrets: ['url'],
  open: (name, { url }) => ({
    name,
    type: 'teams',
    traits: { pages: false, edits: false, dedups: false, target: hash(['teams', url]) },
    async tell(notice, _ref, send) {
      const headers = { 'content-type': 'application/json' }
      // 202 says that the workflow has started, not that it posted.
      return answerByStatus(await send({ kind: 'http', method: 'POST', url, headers, body: cardText(notice) }))
    },
  }),
}

/** Characters that lines and links may have. */
interface CardRoom {
  readonly line: number
  readonly link: number
}

/** From all that is useful to what always fits: 50 lines of 30 characters with 120 bytes around each. */
const ROOMS: readonly CardRoom[] = [
  { line: 1_000, link: 2_000 },
  { line: 300, link: 2_000 },
  { line: 100, link: 1_000 },
  { line: 30, link: 300 },
]

function cardText(notice: Notice): string {
  let text = ''
  for (const room of ROOMS) {
    text = jsonText(messageOf(notice, room))
    if (Buffer.byteLength(text) <= MAX_BYTES) break
  }
  return text
}

const COLOURS: Readonly<Record<Severity, string>> = {
  critical: 'Attention',
  high: 'Attention',
  medium: 'Warning',
  low: 'Accent',
  info: 'Accent',
}

function messageOf(notice: Notice, room: CardRoom): object {
  const text = incidentText(notice)
  const card = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    // The highest that Teams shows everywhere.
    version: '1.4',
    body: linesOf(notice, text, room.line),
    actions: text.links
      .filter(({ url }) => url.length <= room.link)
      .map(({ title, url }) => ({ type: 'Action.OpenUrl', title, url })),
    msteams: { width: 'Full' },
  }
  const attachment = { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: card }
  return { type: 'message', attachments: [attachment] }
}

function linesOf(
  notice: Notice,
  { headline, sentences, evidence, facts }: IncidentText,
  most: number,
): readonly object[] {
  const head = { weight: 'Bolder', color: colourOf(notice) }
  const why =
    evidence === undefined
      ? []
      : [
          line(evidence.heading, most, { isSubtle: true }),
          ...evidence.lines.map((each) => line(each, most, { fontType: 'Monospace' })),
        ]
  return [
    line(headline, 20 * most, head),
    ...sentences.map((each) => line(each, most)),
    ...why,
    line(facts.map(({ name, value }) => `${name}: ${value}`).join(' · '), 10 * most, { isSubtle: true }),
  ]
}

/** A run of text is shown as it is: other elements read Markdown in theirs. */
function line(text: string, most: number, style: object = {}): object {
  const run = { type: 'TextRun', text: cutText(text, most) || ' ', ...style }
  return { type: 'RichTextBlock', spacing: 'Small', inlines: [run] }
}

function colourOf({ change, ended, severity }: Notice): string {
  if (change !== 'resolved') return COLOURS[severity]
  return ended === 'held' || ended === 'withdrawn' ? 'Good' : 'Default'
}
