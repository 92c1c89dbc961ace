import * as v from 'valibot'
import { hash } from '../../pipeline/hash.ts'
import { jsonText, visible } from '../../text/visible.ts'
import { cutText } from '../cut-text.ts'
import { incidentStatus, writtenEvent } from '../incident-event.ts'
import type { Notice } from '../notice.ts'
import { type IncidentText, incidentText } from '../text/incident-text.ts'
import { plainText } from '../text/plain-text.ts'
import { answerByStatus } from './answers.ts'
import type { ReceiverType, SnsRequest } from './receiver.ts'
import { topicArn } from './setting-schemas.ts'

const schema = v.strictObject({
  topic: topicArn,
})

type TopicSettings = v.InferOutput<typeof schema>

/** A topic for everybody: mail gets a text, SMS its first line, queues and functions a CloudEvent. */
export const SNS: ReceiverType<TopicSettings> = publishing('sns', true, (notice, text) => ({
  message: jsonText({
    default: writtenEvent(notice).text,
    email: plainText(text),
    sms: cutText(text.headline, MAX_SMS),
  }),
  structure: 'json',
}))

/** A topic whose subscribers all read: each gets the text. */
export const EMAIL: ReceiverType<TopicSettings> = publishing('email', false, (_, text) => ({
  message: plainText(text),
}))

/** Less than 100, says SNS, and without line breaks. */
const MAX_SUBJECT = 99
const MAX_SMS = 140
const MAX_ATTRIBUTE = 200

function publishing(
  type: string,
  pages: boolean,
  messageOf: (notice: Notice, text: IncidentText) => Pick<SnsRequest, 'message' | 'structure'>,
): ReceiverType<TopicSettings> {
  return {
    type,
    schema,
    secrets: [],
    open: (name, { topic }) => ({
      name,
      type,
      traits: { pages, edits: false, dedups: false, target: hash([type, topic]) },
      async tell(notice, _ref, send) {
        const text = incidentText(notice)
        const attributes = attributesOf(notice)
        const subject = subjectOf(text, notice)
        const end = await send({ kind: 'sns', topicArn: topic, subject, ...messageOf(notice, text), attributes })
        return answerByStatus(end)
      },
    }),
  }
}

/** ASCII, as SNS asks; it begins with a letter, a digit or punctuation. */
function subjectOf({ title }: IncidentText, { change, opening, ended, severity, test }: Notice): string {
  const state =
    change === 'resolved' ? `ended, ${ended ?? 'unknown how'}` : `${severity}${opening > 1 ? ', again' : ''}`
  const subject = `${test === undefined ? '' : 'TEST '}[${state}] ${title}`.replace(/[^ -~]/g, '?')
  return cutText(subject, MAX_SUBJECT).replace('…', '~')
}

/** What filter policies of subscriptions look at; SNS takes five of them. */
function attributesOf(notice: Notice): SnsRequest['attributes'] {
  const { rule, severity, owner = '', test } = notice
  const texts = { rule, severity, status: incidentStatus(notice), owner, mode: test === undefined ? 'live' : 'test' }
  // SNS refuses an attribute without text.
  return Object.fromEntries(
    Object.entries(texts)
      .filter(([, text]) => text !== '')
      .map(([name, text]) => [name, cutText(visible(text.slice(0, MAX_ATTRIBUTE + 1).toWellFormed()), MAX_ATTRIBUTE)]),
  )
}
