import * as v from 'valibot'
import { hash } from '../../pipeline/hash.ts'
import { jsonText } from '../../text/visible.ts'
import type { Notice } from '../notice.ts'
import { answerByStatus, jsonObject } from './answers.ts'
import type { Answer, DeliveryRef, HttpRequest, Receiver, ReceiverType, RequestEnd, Send } from './receiver.ts'
import { vendorUrl } from './setting-schemas.ts'
import { type SlackContent, slackMessage, slackReply } from './slack-message.ts'

const schema = v.pipe(
  v.strictObject({
    /** Of a bot with the scope chat:write. */
    token: v.optional(v.pipe(v.string(), v.regex(/^xox[a-z]-[\w-]+$/, 'expected the token of a bot: xoxb-…'))),
    /** Its id (C0123…) or name (#alerts). */
    channel: v.optional(
      v.pipe(v.string(), v.regex(/^(?:#[^\s#]{1,80}|[CGD][A-Z0-9]{3,20})$/, 'expected C0123… or #name')),
    ),
    /** An incoming webhook, in place of a token. */
    url: v.optional(vendorUrl),
    /** Where the methods of Slack are. */
    api: v.optional(vendorUrl, 'https://slack.com/api'),
  }),
  v.check(
    ({ token, channel, url }) =>
      url === undefined ? token !== undefined && channel !== undefined : token === undefined && channel === undefined,
    'expected either token and channel, or url',
  ),
)

/** One message an incident, changed in place, with replies in its thread; by an incoming webhook a message each time. */
export const SLACK: ReceiverType<v.InferOutput<typeof schema>> = {
  type: 'slack',
  schema,
  secrets: ['token', 'url'],
  open: (name, { token = '', channel = '', url, api }) =>
    url === undefined ? bot(name, { token, channel, api }) : incomingWebhook(name, url),
}

/** Slack does not say which message a webhook made, so it cannot be changed. */
function incomingWebhook(name: string, url: string): Receiver {
  return {
    name,
    type: 'slack',
    traits: { pages: false, edits: false, dedups: false, target: hash(['slack', url]) },
    async tell(notice, _ref, send) {
      const end = await withLayout(slackMessage(notice), (content) =>
        send(jsonRequest(url, {}, { ...content, ...QUIET_LINKS })),
      )
      const answer = answerByStatus(end, undefined, () => errorOf(end))
      if (answer.outcome !== 'taken' || errorOf(end) === '') return answer
      return { outcome: 'refused', reason: errorOf(end) }
    },
  }
}

interface Bot {
  readonly token: string
  readonly channel: string
  readonly api: string
}

/** No page of a link below the message. */
const QUIET_LINKS = { unfurl_links: false, unfurl_media: false }
/** The message is gone, or may not be changed any more. */
const LOST: ReadonlySet<string> = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed'])
/** Slack does not take how a message is laid out: what it says goes out without. */
const LAYOUT: ReadonlySet<string> = new Set(['invalid_blocks', 'invalid_blocks_format', 'msg_blocks_too_long'])
/** Errors that pass, with a status of 200. */
const PASSING: ReadonlySet<string> = new Set([
  'fatal_error',
  'internal_error',
  'ratelimited',
  'rate_limited',
  'request_timeout',
  'service_unavailable',
])

function bot(name: string, { token, channel, api }: Bot): Receiver {
  const call = (send: Send, method: string, place: object, message: SlackContent) =>
    withLayout(message, (content) =>
      send(jsonRequest(`${api}/${method}`, { authorization: `Bearer ${token}` }, { ...place, ...content })),
    )
  const post = async (notice: Notice, send: Send): Promise<Answer> => {
    const end = await call(send, 'chat.postMessage', { channel, ...QUIET_LINKS }, slackMessage(notice))
    return slackAnswer(end, placeOf(end, channel, notice))
  }
  return {
    name,
    type: 'slack',
    traits: { pages: false, edits: true, dedups: false, target: hash(['slack', api, token, channel]) },
    async tell(notice, ref, send) {
      if (ref?.ts === undefined || ref.channel === undefined) return post(notice, send)
      const { ts, channel: id } = ref
      const updated = await call(send, 'chat.update', { channel: id, ts }, slackMessage(notice))
      if (LOST.has(errorOf(updated))) return post(notice, send)
      const answer = slackAnswer(updated, ref)
      const state = stateOf(notice)
      if (answer.outcome !== 'taken' || ref.state === state) return answer
      // An update can be repeated, a reply cannot: it comes last.
      const thread = { channel: id, thread_ts: ts, reply_broadcast: notice.change !== 'resolved', ...QUIET_LINKS }
      return slackAnswer(await call(send, 'chat.postMessage', thread, slackReply(notice)), { ts, channel: id, state })
    },
  }
}

/** What a thread says once: that an incident opened again, or that it ended. */
function stateOf({ change, opening }: Notice): string {
  return `${change === 'resolved' ? 'resolved' : 'open'} ${opening}`
}

async function withLayout(
  message: SlackContent,
  send: (content: SlackContent) => Promise<RequestEnd>,
): Promise<RequestEnd> {
  const end = await send(message)
  return LAYOUT.has(errorOf(end)) ? send({ text: message.text, blocks: [] }) : end
}

/** Where a message came to be. Only an id of Slack's is kept. */
function placeOf(end: RequestEnd, channel: string, notice: Notice): DeliveryRef | undefined {
  const { ts, channel: id } = 'status' in end ? jsonObject(end.body) : {}
  if (typeof ts !== 'string' || !/^\d{1,20}\.\d{1,20}$/.test(ts)) return undefined
  const known = typeof id === 'string' && /^[A-Z0-9]{1,40}$/.test(id) ? id : channel
  return { ts, channel: known, state: stateOf(notice) }
}

/** An answer with a status of 200 may be a refusal. */
function slackAnswer(end: RequestEnd, ref: DeliveryRef | undefined): Answer {
  const error = errorOf(end)
  const answer = answerByStatus(end, ref, () => error)
  if (answer.outcome !== 'taken' || error === '') return answer
  if (!PASSING.has(error)) return { outcome: 'refused', reason: error }
  return { outcome: 'failed', reason: error, unsure: !/^rate_?limited$/.test(error) }
}

/** Slack's word for what is wrong; empty where nothing is. */
function errorOf(end: RequestEnd): string {
  if (!('status' in end) || end.body.trim() === 'ok') return ''
  const { ok, error } = jsonObject(end.body)
  if (ok === true) return ''
  const word = typeof error === 'string' ? error : end.body.trim()
  return /^[a-z_]{1,60}$/.test(word) ? word : 'an answer that Slack does not document'
}

function jsonRequest(url: string, headers: Readonly<Record<string, string>>, value: object): HttpRequest {
  const type = { 'content-type': 'application/json; charset=utf-8' }
  return { kind: 'http', method: 'POST', url, headers: { ...headers, ...type }, body: jsonText(value) }
}
