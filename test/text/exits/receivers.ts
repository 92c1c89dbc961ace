import { RECEIVER_TYPES } from '../../../shared/incidents/receivers/all.ts'
import { noticeOf, resolvedOf, TRACE } from '../../incidents/notices.ts'
import { ENTRIES } from '../../incidents/receivers/entries.ts'
import { opened, recorder } from '../../incidents/receivers/opened.ts'
import type { Exit, Written } from './hostile.ts'

/** A kind of receiver sends notices that hold the text wherever one may be, and gets answers of it. */
function notified(kind: string): Exit {
  const run = async (text: string): Promise<readonly Written[]> => {
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
    const written: Written[] = []
    for (const notice of [noticeOf(changes), noticeOf({ ...changes, flood }), resolvedOf(changes)]) {
      for (const status of [200, 400]) {
        const { sent, send } = recorder(
          { status, body: text },
          { status, body: JSON.stringify({ ok: false, error: text }) },
        )
        const answer = await opened(kind, ENTRIES[kind] ?? {}).tell(notice, undefined, send)
        if (answer.outcome !== 'taken') written.push({ text: answer.reason })
        for (const request of sent) {
          const { kind: _, ...parts } = request
          written.push(
            ...Object.values(parts).map((part) => ({ text: typeof part === 'string' ? part : JSON.stringify(part) })),
          )
        }
      }
    }
    return written
  }
  return { name: `receiver ${kind}`, run }
}

/** Where notices of incidents go. */
export const RECEIVER_EXITS: readonly Exit[] = [...RECEIVER_TYPES.keys()].map(notified)
