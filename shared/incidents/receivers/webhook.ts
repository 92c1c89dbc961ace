import * as v from 'valibot'
import { hash } from '../../pipeline/hash.ts'
import { jsonText } from '../../text/visible.ts'
import { writtenEvent } from '../incident-event.ts'
import type { Notice } from '../notice.ts'
import { incidentText } from '../text/incident-text.ts'
import { plainText } from '../text/plain-text.ts'
import { signatureHeaders } from '../webhook-signature.ts'
import { answerByStatus } from './answers.ts'
import type { Answer, ReceiverType, RequestEnd } from './receiver.ts'
import { headersByName, webhookSecrets, webUrl } from './setting-schemas.ts'

const schema = v.strictObject({
  url: webUrl,
  secrets: v.optional(webhookSecrets, []),
  headers: v.optional(headersByName, {}),
  /** CloudEvents, or what Grafana IRM and OnCall call a formatted webhook. */
  format: v.optional(v.picklist(['cloudevents', 'grafana-irm']), 'cloudevents'),
})

interface WebhookBody {
  readonly id: string
  readonly type: string
  readonly text: string
}

/** POSTs each state of an incident, signed by Standard Webhooks. */
export const WEBHOOK: ReceiverType<v.InferOutput<typeof schema>> = {
  type: 'webhook',
  schema,
  secrets: ['secrets', 'headers'],
  open: (name, { url, secrets, headers, format }, { clock }) => ({
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
      const { id, type, text } = format === 'cloudevents' ? cloudEvent(notice) : irmAlert(notice)
      const signature = signatureHeaders(secrets, id, text, clock())
      const end = await send({
        kind: 'http',
        method: 'POST',
        url,
        headers: { ...headers, ...signature, 'content-type': type },
        body: text,
      })
      return webhookAnswer(end)
    },
  }),
}

function cloudEvent(notice: Notice): WebhookBody {
  return { ...writtenEvent(notice), type: 'application/cloudevents+json; charset=utf-8' }
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
