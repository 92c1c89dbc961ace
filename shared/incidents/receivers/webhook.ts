import * as v from 'valibot'
import { hash } from '../../pipeline/hash.ts'
import { writtenEvent } from '../incident-event.ts'
import { signatureHeaders } from '../webhook-signature.ts'
import { answerByStatus } from './answers.ts'
import type { Answer, ReceiverType, RequestEnd } from './receiver.ts'
import { headersByName, webhookSecrets, webUrl } from './setting-schemas.ts'

const schema = v.strictObject({
  url: webUrl,
  secrets: v.optional(webhookSecrets, []),
  headers: v.optional(headersByName, {}),
})

/** POSTs each state of an incident as a CloudEvent, signed by Standard Webhooks. */
export const WEBHOOK: ReceiverType<v.InferOutput<typeof schema>> = {
  type: 'webhook',
  schema,
  secrets: ['secrets', 'headers'],
  open: (name, { url, secrets, headers }, { clock }) => ({
    name,
    type: 'webhook',
    // Who receives can keep the newest `sequence` of an `incidentid`.
    traits: { pages: true, edits: true, dedups: true, target: hash(['webhook', url]) },
    async tell(notice, _ref, send) {
      const { id, text: body } = writtenEvent(notice)
      const end = await send({
        kind: 'http',
        method: 'POST',
        url,
        headers: {
          ...headers,
          ...signatureHeaders(secrets, id, body, clock()),
          'content-type': 'application/cloudevents+json; charset=utf-8',
        },
        body,
      })
      return webhookAnswer(end)
    },
  }),
}

function webhookAnswer(end: RequestEnd): Answer {
  const isGone = 'status' in end && end.status === 410
  return answerByStatus(end, undefined, () => (isGone ? 'the receiver wants no more; remove it from notify.yaml' : ''))
}
