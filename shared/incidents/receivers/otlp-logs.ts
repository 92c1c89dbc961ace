import * as v from 'valibot'
import { hash } from '../../pipeline/hash.ts'
import type { SignalEvent } from '../../pipeline/signal.ts'
import { jsonText } from '../../text/visible.ts'
import { incidentLogRecord, incidentSpan, signalLogRecord } from '../otlp-records.ts'
import { answerByStatus, jsonObject, saidIn } from './answers.ts'
import type { Answer, ReceiverType, RequestEnd, Send } from './receiver.ts'
import { headersByName, webUrl } from './setting-schemas.ts'

const schema = v.strictObject({
  /** What precedes `/v1/logs`: https://collector.example:4318 */
  url: v.pipe(
    webUrl,
    v.transform((text) => text.replace(/\/+$/, '')),
  ),
  headers: v.optional(headersByName, {}),
  /** Send a span, too, for each opening that has ended, to `/v1/traces`. */
  spans: v.optional(v.boolean(), false),
  /** Send each signal, too, as a log record `betrace.signal`. */
  signals: v.optional(v.boolean(), false),
})

const RESOURCE = { attributes: [{ key: 'service.name', value: { stringValue: 'betrace' } }] }
const SCOPE = { name: 'dev.betrace' }

/** Each state of an incident as a log record `betrace.incident`; where wanted, each signal as one, too. */
export const OTLP_LOGS: ReceiverType<v.InferOutput<typeof schema>> = {
  type: 'otlp-logs',
  schema,
  secrets: ['headers'],
  open: (name, { url, headers, spans, signals }, { clock }) => ({
    name,
    type: 'otlp-logs',
    traits: { pages: true, edits: true, dedups: false, target: hash(['otlp-logs', url]) },
    async tell(notice, _ref, send) {
      const post = (path: string, body: object) => posted({ url: `${url}${path}`, headers }, body, send)
      // The span comes first: sent twice it is the same span, and a record is not.
      if (spans && notice.change === 'resolved') {
        const scopeSpans = [{ scope: SCOPE, spans: [incidentSpan(notice)] }]
        const answer = await post('/v1/traces', { resourceSpans: [{ resource: RESOURCE, scopeSpans }] })
        if (answer.outcome !== 'taken') return answer
      }
      return post('/v1/logs', logsOf(incidentLogRecord(notice, clock())))
    },
    ...(signals && {
      tellSignal: (event: SignalEvent, send: Send) =>
        posted({ url: `${url}/v1/logs`, headers }, logsOf(signalLogRecord(event, clock())), send),
    }),
  }),
}

function logsOf(record: object): object {
  return { resourceLogs: [{ resource: RESOURCE, scopeLogs: [{ scope: SCOPE, logRecords: [record] }] }] }
}

interface Place {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

async function posted({ url, headers }: Place, body: object, send: Send): Promise<Answer> {
  const type = { 'content-type': 'application/json' }
  const request = { kind: 'http', method: 'POST', url, headers: { ...headers, ...type }, body: jsonText(body) } as const
  return otlpAnswer(await send(request), headers)
}

/** A record that is rejected is in an answer of 200. */
function otlpAnswer(end: RequestEnd, headers: Readonly<Record<string, string>>): Answer {
  const secrets = Object.values(headers)
  const answer = answerByStatus(end, undefined, ({ body }) => saidIn(body, ['message'], secrets))
  if (answer.outcome !== 'taken' || !('status' in end)) return answer
  const { partialSuccess } = jsonObject(end.body)
  const { rejectedLogRecords, rejectedSpans } = Object(partialSuccess) as Readonly<Record<string, unknown>>
  if (Number(rejectedLogRecords ?? rejectedSpans ?? 0) === 0) return answer
  return {
    outcome: 'refused',
    reason: `rejected: ${saidIn(JSON.stringify(partialSuccess), ['errorMessage'], secrets)}`,
  }
}
