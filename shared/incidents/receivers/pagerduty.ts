import * as v from 'valibot'
import { hash } from '../../pipeline/hash.ts'
import type { Severity } from '../../rules/ast.ts'
import { jsonText } from '../../text/visible.ts'
import { cutText } from '../cut-text.ts'
import type { Notice } from '../notice.ts'
import { type IncidentText, incidentText } from '../text/incident-text.ts'
import { shownName } from '../text/shown.ts'
import { isoTime } from '../text/times.ts'
import { webLink } from '../text/web-link.ts'
import { answerByStatus, saidIn } from './answers.ts'
import type { ReceiverType } from './receiver.ts'
import { vendorUrl } from './setting-schemas.ts'

const schema = v.strictObject({
  /** Of an integration of the kind Events API v2. */
  key: v.pipe(v.string(), v.regex(/^[A-Za-z0-9]{32}$/, 'expected an integration key: 32 letters and digits')),
  /** Accounts in the EU have https://events.eu.pagerduty.com. */
  url: v.optional(vendorUrl, 'https://events.pagerduty.com'),
})

const SEVERITIES: Readonly<Record<Severity, string>> = {
  critical: 'critical',
  high: 'error',
  medium: 'warning',
  low: 'warning',
  info: 'info',
}
const MAX_SUMMARY = 1_024

/** One alert an opening, by its dedup key; ended by the same key. */
export const PAGERDUTY: ReceiverType<v.InferOutput<typeof schema>> = {
  type: 'pagerduty',
  schema,
  secrets: ['key'],
  open: (name, { key, url }) => ({
    name,
    type: 'pagerduty',
    traits: { pages: true, edits: false, dedups: true, target: hash(['pagerduty', url, key]) },
    async tell(notice, _ref, send) {
      const end = await send({
        kind: 'http',
        method: 'POST',
        url: `${url}/v2/enqueue`,
        headers: { 'content-type': 'application/json' },
        body: jsonText({ routing_key: key, dedup_key: notice.dedupKey, ...eventOf(notice) }),
      })
      return answerByStatus(end, undefined, ({ body }) => saidIn(body, ['message', 'errors'], [key]))
    },
  }),
}

function eventOf(notice: Notice): object {
  if (notice.change === 'resolved') return { event_action: 'resolve' }
  const text = incidentText(notice)
  const page = notice.console === undefined ? undefined : webLink(notice.console)
  return {
    event_action: 'trigger',
    payload: {
      summary: cutText(text.headline, MAX_SUMMARY),
      // Must not be empty.
      source: shownName(notice.service) || 'unknown service',
      severity: SEVERITIES[notice.severity],
      timestamp: isoTime(notice.openedAtMs),
      component: shownName(notice.owner ?? '') || undefined,
      group: shownName(notice.group?.value ?? '') || undefined,
      class: shownName(notice.rule),
      custom_details: detailsOf(text),
    },
    links: text.links.map(({ title, url }) => ({ href: url, text: title })),
    client: 'BeTrace',
    client_url: page,
  }
}

function detailsOf({ sentences, evidence, facts }: IncidentText): object {
  const named = [
    ...(sentences.length === 0 ? [] : [['About', sentences.join('\n')]]),
    ...(evidence === undefined ? [] : [[evidence.heading, evidence.lines.join('\n')]]),
    ...facts.map(({ name, value }) => [name, value]),
  ]
  return Object.fromEntries(named)
}
