import * as v from 'valibot'
import { hash } from '../../pipeline/hash.ts'
import { jsonText } from '../../text/visible.ts'
import { cutText } from '../cut-text.ts'
import type { Notice } from '../notice.ts'
import { type IncidentText, incidentText } from '../text/incident-text.ts'
import { inMarkdown } from '../text/markdown.ts'
import { shownName } from '../text/shown.ts'
import { answerByStatus } from './answers.ts'
import type { ReceiverType } from './receiver.ts'
import { topicArn } from './setting-schemas.ts'

const schema = v.strictObject({
  /** A topic that a channel of Amazon Q Developer in chat applications subscribes to. */
  topic: topicArn,
})

const MAX_TITLE = 250
const MAX_DESCRIPTION = 8_000

/** A custom notification; all of one incident go to one thread. Amazon Q drops whatever it does not know without a word. */
export const AMAZON_Q: ReceiverType<v.InferOutput<typeof schema>> = {
  type: 'amazon-q',
  schema,
  secrets: [],
  open: (name, { topic }) => ({
    name,
    type: 'amazon-q',
    traits: { pages: false, edits: false, dedups: false, target: hash(['amazon-q', topic]) },
    async tell(notice, _ref, send) {
      const message = jsonText(notificationOf(notice, incidentText(notice)))
      return answerByStatus(await send({ kind: 'sns', topicArn: topic, message, attributes: {} }))
    },
  }),
}

function notificationOf(notice: Notice, text: IncidentText): object {
  const { headline, sentences, evidence, facts, links } = text
  const lines = [
    ...sentences,
    ...(evidence === undefined ? [] : [`${evidence.heading}:`, ...evidence.lines]),
    facts.map(({ name, value }) => `${name}: ${value}`).join(' · '),
  ]
  return {
    version: '1.0',
    source: 'custom',
    id: `${notice.incidentId}-${notice.version}-${notice.count}`,
    content: {
      textType: 'client-markdown',
      title: cutText(inMarkdown(headline), MAX_TITLE),
      description: cutText(lines.map(inMarkdown).join('\n'), MAX_DESCRIPTION),
      nextSteps: links.map(({ title, url }) => `[${title}](${url})`),
      keywords: [shownName(notice.rule), notice.severity],
    },
    metadata: {
      threadId: notice.incidentId,
      summary: cutText(inMarkdown(headline), MAX_TITLE),
      eventType: notice.change,
    },
  }
}
