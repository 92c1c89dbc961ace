import { visible } from '../../text/visible.ts'
import { cutText } from '../cut-text.ts'
import { deliveryFailureOf } from '../delivery-failure.ts'
import type { Answer, DeliveryRef, RequestEnd } from './receiver.ts'

/** An answer of a web server. */
export type HttpAnswer = Extract<RequestEnd, { readonly status: number }>

/** What an end means by its status alone: 2xx is taken, with `ref`; `why` adds what the receiver's answer says. */
export function answerByStatus(end: RequestEnd, ref?: DeliveryRef, why?: (answer: HttpAnswer) => string): Answer {
  if (!('status' in end)) return { outcome: 'failed', reason: visible(end.failure), unsure: end.unsure }
  if (end.status >= 200 && end.status < 300) return taken(ref)
  const said = why?.(end) ?? ''
  const { reason, retriable, retryAfterMs } = deliveryFailureOf(end.status, end.retryAfter ?? null)
  const full = said === '' ? reason : `${reason}: ${said}`
  if (!retriable) return { outcome: 'refused', reason: full }
  // A server that failed, or a gateway before it that did not wait, may have taken the request all the same.
  const unsure = end.status >= 500
  return { outcome: 'failed', reason: full, unsure, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
}

function taken(ref?: DeliveryRef): Answer {
  return ref === undefined ? { outcome: 'taken' } : { outcome: 'taken', ref }
}

const MAX_SAID = 300

/** What some fields of an answer in JSON say, for a log: visible, cut, and without the secrets. */
export function saidIn(body: string, fields: readonly string[], secrets: readonly string[]): string {
  const answer = jsonObject(body)
  const said = fields.flatMap((field) => answer[field] ?? []).filter((value) => typeof value === 'string')
  const open = secrets
    .filter((secret) => secret !== '')
    .reduce((text, secret) => text.replaceAll(secret, '***'), said.join('; '))
  return cutText(visible(open.slice(0, MAX_SAID + 1)), MAX_SAID)
}

/** The object in a body; an empty one if the body is anything else. */
export function jsonObject(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {}
  } catch {
    return {}
  }
}
