import * as v from 'valibot'
import { hash } from '../../pipeline/hash.ts'
import type { SignalEvent } from '../../pipeline/signal.ts'
import { jsonText } from '../../text/visible.ts'
import { writtenEvent } from '../incident-event.ts'
import type { Notice } from '../notice.ts'
import { incidentText } from '../text/incident-text.ts'
import { plainText } from '../text/plain-text.ts'
import { signatureHeaders } from '../webhook-signature.ts'
import { answerByStatus } from './answers.ts'
import type { Answer, ReceiverType, RequestEnd, Send } from './receiver.ts'
import { headersByName, webhookSecrets, webUrl } from './setting-schemas.ts'

const schema = v.strictObject({
  url: webUrl,
  secrets: v.optional(webhookSecrets, []),
  headers: v.optional(headersByName, {}),
  /** CloudEvents, or what Grafana IRM and OnCall call a formatted webhook. */
  format: v.optional(v.picklist(['cloudevents', 'grafana-irm']), 'cloudevents'),
  /** Send each signal, too, as a CloudEvent. */
  signals: v.optional(v.boolean(), false),
})

interface WebhookBody {
  readonly id: string
  readonly type: string
  readonly text: string
}

/** POSTs each state of an incident, and where wanted each signal, signed by Standard Webhooks. */
export const WEBHOOK: ReceiverType<v.InferOutput<typeof schema>> = {
  type: 'webhook',
  schema,
  secrets: ['secrets', 'headers'],
  open: (name, { url, secrets, headers, format, signals }, { clock }) => ({
    name,
    type: 'webhook',
    traits: {
      pages: true,
      edits: format === 'cloudevents',
      // By the id of the event, which stays the same whenever the same is sent again.
      dedups: true,
      target: hash(['webhook', url, format]),
    },
    async tell(notice, _ref, send) {
      const body = format === 'cloudevents' ? cloudEvent(notice) : irmAlert(notice)
      return post({ url, secrets, headers, nowMs: clock() }, body, send)
    },
    ...(signals && {
      tellSignal: (event: SignalEvent, send: Send) =>
        post(
          { url, secrets, headers, nowMs: clock() },
          { id: event.id, type: CLOUD_EVENT, text: jsonText(event) },
          send,
        ),
    }),
  }),
}

interface SignedPost {
  readonly url: string
  readonly secrets: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly nowMs: number
}

async function post(
  { url, secrets, headers, nowMs }: SignedPost,
  { id, type, text }: WebhookBody,
  send: Send,
): Promise<Answer> {
  const signature = signatureHeaders(secrets, id, text, nowMs)
  const all = { ...headers, ...signature, 'content-type': type }
  return webhookAnswer(await send({ kind: 'http', method: 'POST', url, headers: all, body: text }))
}

const CLOUD_EVENT = 'application/cloudevents+json; charset=utf-8'

function cloudEvent(notice: Notice): WebhookBody {
  return { ...writtenEvent(notice), type: CLOUD_EVENT }
}

/** Grafana IRM groups by `alert_uid` and ends an alert by the state `ok`. */
function irmAlert(notice: Notice): WebhookBody {
  const text = incidentText(notice)
  const alert = {
    alert_uid: notice.dedupKey,
    title: text.headline,
    state: notice.change === 'resolved' ? 'ok' : 'alerting',
    link_to_upstream_details: text.links[0]?.url,
    message: plainText(text),
  }
  return { id: writtenEvent(notice).id, type: 'application/json', text: jsonText(alert) }
}

function webhookAnswer(end: RequestEnd): Answer {
  const isGone = 'status' in end && end.status === 410
  return answerByStatus(end, undefined, () => (isGone ? 'the receiver wants no more; remove it from notify.yaml' : ''))
}
