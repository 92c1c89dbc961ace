import * as v from 'valibot'
import { hash } from '../../pipeline/hash.ts'
import type { Severity } from '../../rules/ast.ts'
import { jsonText } from '../../text/visible.ts'
import { cutText } from '../cut-text.ts'
import type { Notice } from '../notice.ts'
import { type IncidentText, incidentText } from '../text/incident-text.ts'
import { plainText } from '../text/plain-text.ts'
import { shownName } from '../text/shown.ts'
import { answerByStatus, saidIn } from './answers.ts'
import type { ReceiverType } from './receiver.ts'
import { vendorUrl } from './setting-schemas.ts'

/** Settings of both, whose APIs differ in their addresses only. */
const settingsAt = (url: string) =>
  v.strictObject({
    /** Of an API integration. */
    key: v.pipe(v.string(), v.regex(/^[\w-]{16,100}$/, 'expected the key of an API integration')),
    /** The address of alerts, for example of another region. */
    url: v.optional(vendorUrl, url),
  })

const jsmSchema = settingsAt('https://api.atlassian.com/jsm/ops/integration/v2/alerts')
const opsgenieSchema = settingsAt('https://api.opsgenie.com/v2/alerts')

type AlertSettings = v.InferOutput<typeof jsmSchema>

/** Alerts of Jira Service Management, one an opening by its alias. */
export const JSM: ReceiverType<AlertSettings> = { ...alerting('jsm'), schema: jsmSchema }

/** Opsgenie is shut down in April 2027; until then it takes the same. */
export const OPSGENIE: ReceiverType<AlertSettings> = { ...alerting('opsgenie'), schema: opsgenieSchema }

function alerting(type: string): Omit<ReceiverType<AlertSettings>, 'schema'> {
  return {
    type,
    secrets: ['key'],
    open: (name, { key, url }) => ({
      name,
      type,
      traits: { pages: true, edits: false, dedups: true, target: hash([type, url, key]) },
      async tell(notice, _ref, send) {
        const { path, body } = requestOf(notice)
        const end = await send({
          kind: 'http',
          method: 'POST',
          url: `${url}${path}`,
          headers: { 'content-type': 'application/json', authorization: `GenieKey ${key}` },
          body: jsonText(body),
        })
        // 202 says that it is queued. To close what was never opened is taken, too.
        return answerByStatus(end, undefined, (answer) => saidIn(answer.body, ['message'], [key]))
      },
    }),
  }
}

const PRIORITIES: Readonly<Record<Severity, string>> = {
  critical: 'P1',
  high: 'P2',
  medium: 'P3',
  low: 'P4',
  info: 'P5',
}
const SOURCE = 'BeTrace'

interface AlertRequest {
  readonly path: string
  readonly body: object
}

function requestOf(notice: Notice): AlertRequest {
  const { change, dedupKey } = notice
  const text = incidentText(notice)
  const ofAlias = (action: string) => `/${encodeURIComponent(dedupKey)}/${action}?identifierType=alias`
  const note = { source: SOURCE, note: cutText(text.headline, MAX.note) }
  if (change === 'resolved') return { path: ofAlias('close'), body: note }
  // To create it again would only count it.
  return change === 'updated' ? { path: ofAlias('notes'), body: note } : { path: '', body: alertOf(notice, text) }
}

/** Characters that the fields take. */
const MAX = { note: 10_000, message: 130, description: 15_000, details: 8_000, tags: 20, tag: 50, entity: 512 }

function alertOf(notice: Notice, text: IncidentText): object {
  return {
    message: cutText(text.headline, MAX.message),
    alias: notice.dedupKey,
    description: cutText(plainText(text), MAX.description),
    tags: notice.tags
      .filter((tag) => tag.trim() !== '')
      .slice(0, MAX.tags)
      .map((tag) => shownName(tag, MAX.tag)),
    details: detailsOf(text),
    entity: shownName(notice.service, MAX.entity),
    source: SOURCE,
    priority: PRIORITIES[notice.severity],
  }
}

/** The facts and links that fit together. */
function detailsOf({ facts, links }: IncidentText): object {
  let room = MAX.details
  const all = [
    ...facts.map(({ name, value }) => [name, value]),
    ...links.map(({ title, url }) => [`${title} page`, url]),
  ]
  const fitting = all.filter(([name = '', value = '']) => {
    const size = name.length + value.length
    if (size > room) return false
    room -= size
    return true
  })
  return Object.fromEntries(fitting)
}
