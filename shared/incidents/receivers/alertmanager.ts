import * as v from 'valibot'
import { hash } from '../../pipeline/hash.ts'
import { jsonText } from '../../text/visible.ts'
import { cutText } from '../cut-text.ts'
import type { Notice } from '../notice.ts'
import { incidentText } from '../text/incident-text.ts'
import { shownName } from '../text/shown.ts'
import { isoTime } from '../text/times.ts'
import { webLink } from '../text/web-link.ts'
import { answerByStatus, saidIn } from './answers.ts'
import type { Answer, DeliveryRef, ReceiverType, Send } from './receiver.ts'
import { headersByName, webUrl } from './setting-schemas.ts'

const schema = v.strictObject({
  /** What precedes `/api/v2/alerts`. */
  url: v.pipe(
    webUrl,
    v.transform((text) => text.replace(/\/+$/, '')),
  ),
  /** For example `authorization`, where a proxy asks for it. */
  headers: v.optional(headersByName, {}),
})

/** Alertmanager knows of an alert only while it is sent again and again, as Prometheus does. */
const HEARTBEAT_MS = 60_000
/** An alert ends after this time without a notice. */
const OPEN_MS = 4 * HEARTBEAT_MS
const MAX_TEXT = 8_000
/** Two groups must not become one alert because both are cut. */
const MAX_IDENTITY = 1_500

/** An alert is known by its labels, so they stay as they were when it opened: all that changes is in annotations. */
export const ALERTMANAGER: ReceiverType<v.InferOutput<typeof schema>> = {
  type: 'alertmanager',
  schema,
  secrets: ['headers'],
  open: (name, { url, headers }, { clock }) => ({
    name,
    type: 'alertmanager',
    traits: {
      pages: true,
      edits: true,
      dedups: true,
      heartbeatMs: HEARTBEAT_MS,
      target: hash(['alertmanager', url]),
    },
    async tell(notice, ref, send) {
      const labels = labelsOf(notice, ref !== undefined && !hasRisen(ref, notice) ? ref : undefined)
      const post = (of: Labels, ends: boolean) =>
        postAlert(send, `${url}/api/v2/alerts`, headers, alertOf(notice, of, clock(), ends))
      // Of alerts in one request it stores some and refuses others with one answer: each goes alone.
      const answer = await post(labels, notice.change === 'resolved')
      if (answer.outcome !== 'taken') return answer
      if (ref !== undefined && hasRisen(ref, notice)) {
        const ended = await post(labelsOf(notice, ref), true)
        if (ended.outcome !== 'taken') return ended
      }
      const { severity = '', service = '', owner = '' } = labels
      return { outcome: 'taken', ref: { severity, service, owner } }
    },
  }),
}

type Labels = Readonly<Record<string, string>>

/** Another severity is routed elsewhere, so it is an alert of its own, and the one before ends. */
function hasRisen({ severity }: DeliveryRef, notice: Notice): boolean {
  return notice.change !== 'resolved' && severity !== notice.severity
}

/** What may change in an incident is taken from when it opened. */
function labelsOf(notice: Notice, opened: DeliveryRef | undefined): Labels {
  const { severity, service = '', owner = '' } = opened ?? notice
  const labels = {
    alertname: shownName(notice.rule, MAX_IDENTITY),
    severity: shownName(severity ?? ''),
    service: shownName(service),
    owner: shownName(owner),
    group: shownName(notice.group?.value ?? '', MAX_IDENTITY),
  }
  // Alertmanager drops a label without a value.
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''))
}

function alertOf(notice: Notice, labels: Labels, nowMs: number, ends: boolean): object {
  const { headline, sentences, evidence, links, facts } = incidentText(notice)
  const page = notice.console === undefined ? undefined : webLink(notice.console)
  const said = evidence === undefined ? sentences : [...sentences, `${evidence.heading}:`, ...evidence.lines]
  const startMs = Math.min(notice.openedAtMs, nowMs)
  return {
    labels,
    // At an end, too: the notification of the end shows those that came last.
    annotations: {
      summary: headline,
      description: cutText(said.join('\n'), MAX_TEXT),
      traces: facts.find(({ name }) => name === 'Traces')?.value,
      incident: shownName(notice.incidentId),
      ...Object.fromEntries(links.map(({ title, url }) => [title.toLowerCase().replace(' ', '_'), url])),
    },
    startsAt: isoTime(startMs),
    endsAt: isoTime(ends ? nowMs : nowMs + OPEN_MS),
    generatorURL: page ?? links[0]?.url,
  }
}

async function postAlert(send: Send, url: string, headers: Labels, alert: object): Promise<Answer> {
  const end = await send({
    kind: 'http',
    method: 'POST',
    url,
    headers: { ...headers, 'content-type': 'application/json' },
    body: jsonText([alert]),
  })
  return answerByStatus(end, undefined, ({ body }) => saidIn(body, ['message', 'error'], Object.values(headers)))
}
