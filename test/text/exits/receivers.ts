import type { Notice } from '../../../shared/incidents/notice.ts'
import { RECEIVER_TYPES } from '../../../shared/incidents/receivers/all.ts'
import type { OutgoingRequest } from '../../../shared/incidents/receivers/receiver.ts'
import { noticeOf, resolvedOf, TRACE } from '../../incidents/notices.ts'
import { ENTRIES, OTHER_ENTRIES } from '../../incidents/receivers/entries.ts'
import { opened, recorder } from '../../incidents/receivers/opened.ts'
import type { Exit, Written } from './hostile.ts'

/** Notices that hold the text wherever one may be. */
function noticesOf(text: string): readonly Notice[] {
  const trace = { ...TRACE, service: text, text, link: `https://a.example/${text}` }
  const changes = {
    rule: text,
    description: text,
    owner: text,
    tags: [text],
    service: text,
    group: { name: text, value: text },
    runbook: text,
    console: text,
    first: trace,
    latest: [trace],
    related: [{ incidentId: 'a.1', rule: text }],
    experiments: [text],
    source: text,
  }
  const flood = [{ incidentId: 'a.1', rule: text, severity: 'high' as const }]
  return [noticeOf(changes), noticeOf({ ...changes, flood }), resolvedOf(changes)]
}

/** Whatever leaves with a request. */
function partsOf({ kind: _, ...parts }: OutgoingRequest): readonly Written[] {
  return Object.values(parts).map((part) => ({ text: typeof part === 'string' ? part : JSON.stringify(part) }))
}

/** A kind of receiver sends such notices, and gets answers of the text. */
function notified(kind: string): Exit {
  const others = OTHER_ENTRIES.filter(([other]) => other === kind).map(([, entry]) => entry)
  const receivers = [ENTRIES[kind] ?? {}, ...others].map((entry) => opened(kind, entry))
  const run = async (text: string): Promise<readonly Written[]> => {
    const bodies = [text, JSON.stringify({ ok: false, error: text, message: text })]
    const cases = receivers.flatMap((receiver) =>
      noticesOf(text).flatMap((notice) => [200, 400].map((status) => ({ receiver, notice, status }))),
    )
    const told = cases.map(async ({ receiver, notice, status }) => {
      const { sent, send } = recorder(...bodies.map((body) => ({ status, body })))
      const answer = await receiver.tell(notice, undefined, send)
      return [...(answer.outcome === 'taken' ? [] : [{ text: answer.reason }]), ...sent.flatMap(partsOf)]
    })
    return (await Promise.all(told)).flat()
  }
  return { name: `receiver ${kind}`, run }
}

/** Where notices of incidents go. */
export const RECEIVER_EXITS: readonly Exit[] = [...RECEIVER_TYPES.keys()].map(notified)
