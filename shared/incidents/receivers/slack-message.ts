import type { Severity } from '../../rules/ast.ts'
import { cutText } from '../cut-text.ts'
import type { Notice } from '../notice.ts'
import { type IncidentText, incidentText } from '../text/incident-text.ts'

/** Slack advises at most this for `text`. */
const MAX_TEXT = 4_000
/** Of all blocks together; Slack refuses more than about 13,200. */
const MAX_BLOCKS_TEXT = 10_000
const MAX_ELEMENT = 3_000

/** What a message says: `text` for notifications and for where blocks are not shown. */
export interface SlackContent {
  readonly text: string
  readonly blocks: readonly object[]
}

/** A text element of rich text is shown as it is: no mention, link, emoji or markup is read in it. */
interface TextElement {
  readonly type: 'text'
  readonly text: string
  readonly style?: { readonly bold: true }
}
type Element =
  | TextElement
  | { readonly type: 'link'; readonly url: string; readonly text: string }
  | { readonly type: 'emoji'; readonly name: string }

const EMOJI: Readonly<Record<Severity, string>> = {
  critical: 'red_circle',
  high: 'large_orange_circle',
  medium: 'large_yellow_circle',
  low: 'large_blue_circle',
  info: 'white_circle',
}

/** The message of an incident: its state in full. */
export function slackMessage(notice: Notice): SlackContent {
  const text = incidentText(notice)
  return { text: escaped(text.headline), blocks: [{ type: 'rich_text', elements: bounded(parts(notice, text)) }] }
}

/** A line in the thread of an incident. */
export function slackReply(notice: Notice): SlackContent {
  const { headline } = incidentText(notice)
  const elements: readonly Element[] = [emojiOf(notice), { type: 'text', text: ` ${headline}` }]
  return { text: escaped(headline), blocks: [{ type: 'rich_text', elements: bounded([section(elements)]) }] }
}

/** `text` of Slack with entities for its three signs, so that `<!channel>` mentions nobody. */
function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
  return cutText(
    text.replace(/[&<>]/g, (sign) => entities[sign] ?? sign),
    MAX_TEXT,
  )
}

interface Part {
  readonly type: 'rich_text_section' | 'rich_text_preformatted'
  readonly elements: readonly Element[]
}

function section(elements: readonly Element[]): Part {
  return { type: 'rich_text_section', elements }
}

function parts(notice: Notice, { headline, sentences, evidence, facts, links }: IncidentText): readonly Part[] {
  const linked = links.flatMap(({ title, url }, i): readonly Element[] => [
    ...(i === 0 ? [] : [{ type: 'text', text: ' · ' } as const]),
    { type: 'link', url, text: title },
  ])
  const factLine = facts.map(({ name, value }) => `${name}: ${value}`).join(' · ')
  const head: readonly Element[] = [emojiOf(notice), { type: 'text', text: ` ${headline}`, style: { bold: true } }]
  return [
    section(sentences.length === 0 ? head : [...head, { type: 'text', text: `\n${sentences.join('\n')}` }]),
    ...(evidence === undefined
      ? []
      : [
          section([{ type: 'text', text: evidence.heading }]),
          {
            type: 'rich_text_preformatted',
            elements: [{ type: 'text', text: evidence.lines.join('\n') || ' ' }],
          } as const,
        ]),
    section([...linked, { type: 'text', text: `${linked.length === 0 ? '' : '\n'}${factLine}` }]),
  ]
}

/** The colour of the severity; of an end green only where the rule was seen to hold. */
function emojiOf({ change, ended, severity, test }: Notice): Element {
  if (test !== undefined) return { type: 'emoji', name: 'test_tube' }
  if (change !== 'resolved') return { type: 'emoji', name: EMOJI[severity] }
  return { type: 'emoji', name: ended === 'held' || ended === 'withdrawn' ? 'large_green_circle' : 'grey_question' }
}

/** The parts with what their texts have too much cut off: of one text, then of all. */
function bounded(all: readonly Part[]): readonly Part[] {
  let room = MAX_BLOCKS_TEXT
  return all.map((part) => ({
    ...part,
    elements: part.elements.map((element) => {
      if (element.type === 'emoji') return element
      const text = cutText(element.text, Math.max(Math.min(room, MAX_ELEMENT), 1))
      room -= text.length
      return { ...element, text }
    }),
  }))
}
