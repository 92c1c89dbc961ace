import * as v from 'valibot'
import { RECEIVER_TYPES } from '../../../shared/incidents/receivers/all.ts'
import type { OutgoingRequest, Receiver, RequestEnd, Send } from '../../../shared/incidents/receivers/receiver.ts'

export const NOW_MS = Date.UTC(2026, 10, 29, 12, 5)

/** A receiver as notify.yaml opens it. */
export function opened(type: string, entry: object): Receiver {
  const known = RECEIVER_TYPES.get(type)
  if (known === undefined) throw new Error(`no receiver ${type}`)
  return known.open('test', v.parse(known.schema, entry), { clock: () => NOW_MS })
}

/** Takes requests down, and answers each as told. */
export function recorder(...ends: readonly RequestEnd[]): { readonly sent: OutgoingRequest[]; readonly send: Send } {
  const sent: OutgoingRequest[] = []
  const send: Send = async (request) => {
    const end = ends[Math.min(sent.length, ends.length - 1)] ?? { status: 200, body: '' }
    sent.push(request)
    return end
  }
  return { sent, send }
}

export type SentHttp = Extract<OutgoingRequest, { readonly kind: 'http' }>

/** The requests over HTTP among them, with what their bodies hold. */
export function httpOf(sent: readonly OutgoingRequest[]): readonly (SentHttp & { readonly json: unknown })[] {
  return sent.flatMap((request) => (request.kind === 'http' ? [{ ...request, json: JSON.parse(request.body) }] : []))
}
