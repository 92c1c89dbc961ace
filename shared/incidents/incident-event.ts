import { jsonText } from '../text/visible.ts'
import { cutText } from './cut-text.ts'
import type { Notice, WitnessTrace } from './notice.ts'
import { isoTime } from './text/times.ts'

type IncidentStatus = 'opened' | 'updated' | 'reopened' | 'resolved'

/** Advised by Standard Webhooks, and taken by everything that passes CloudEvents on. */
const MAX_BYTES = 20_000

type IncidentData = ReturnType<typeof dataOf>

/** The state of an incident as a CloudEvent 1.0 in JSON. */
export interface IncidentEvent {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: `dev.betrace.incident.${IncidentStatus}`
  /** The rule. */
  readonly subject: string
  /** RFC 3339, UTC. */
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly incidentid: string
  /** Of events with one `incidentid` the highest `sequence` holds. */
  readonly sequence: number
  readonly status: IncidentStatus
  readonly data: IncidentData
}

/** In the words of events: an opening after the first of an episode is a reopening. */
export function incidentStatus({ change, opening }: Notice): IncidentStatus {
  return change === 'opened' && opening > 1 ? 'reopened' : change
}

/** The JSON of an event beside what senders need of it. */
export interface WrittenEvent {
  readonly id: string
  readonly type: IncidentEvent['type']
  /** At most 20 kB. */
  readonly text: string
}

/** The event as JSON: what does not fit into 20 kB is cut, the oldest traces first. */
export function writtenEvent(notice: Notice): WrittenEvent {
  let text = ''
  for (const room of ROOMS) {
    text = jsonText(incidentEvent(notice, room))
    if (Buffer.byteLength(text) <= MAX_BYTES) break
  }
  return { id: eventId(notice), type: `dev.betrace.incident.${incidentStatus(notice)}`, text }
}

/** How much of a notice an event holds. */
interface Room {
  /** UTF-16 units of a name, and of a text or link. */
  readonly name: number
  readonly text: number
  readonly latest: number
  readonly named: number
}

/** From all that is useful to what always fits: 40 characters of 12 bytes (escapes of a pair) 20 times are 9,600 bytes. */
const ROOMS: readonly Room[] = [
  { name: 200, text: 2_000, latest: 5, named: 50 },
  { name: 200, text: 500, latest: 5, named: 20 },
  { name: 200, text: 500, latest: 1, named: 5 },
  { name: 100, text: 200, latest: 0, named: 3 },
  { name: 40, text: 40, latest: 0, named: 1 },
]

function incidentEvent(notice: Notice, room: Room): IncidentEvent {
  const status = incidentStatus(notice)
  return {
    specversion: '1.0',
    id: eventId(notice),
    source: cutText(notice.source, room.name),
    type: `dev.betrace.incident.${status}`,
    subject: cutText(notice.rule, room.name),
    time: isoTime(notice.nowMs),
    datacontenttype: 'application/json',
    incidentid: notice.incidentId,
    sequence: notice.version,
    status,
    data: dataOf(notice, room),
  }
}

/** The same whenever the same is sent again; an update says another count in the same state. */
function eventId({ incidentId, version, change, count }: Notice): string {
  const state = `${incidentId.replaceAll('.', '_')}_${version}`
  return change === 'updated' ? `${state}_${count}` : state
}

function dataOf(notice: Notice, room: Room) {
  const name = (text: string) => cutText(text, room.name)
  const optional = (text: string | undefined) => (text === undefined ? undefined : cutText(text, room.text))
  const traces = notice.latest.slice(0, room.latest)
  return {
    rule: name(notice.rule),
    group: notice.group === undefined ? undefined : { name: name(notice.group.name), value: name(notice.group.value) },
    severity: notice.severity,
    description: optional(notice.description),
    owner: optional(notice.owner),
    tags: notice.tags.slice(0, room.named).map(name),
    service: name(notice.service),
    openedAt: isoTime(notice.openedAtMs),
    endedAt: notice.endedAtMs === undefined ? undefined : isoTime(notice.endedAtMs),
    why: notice.ended,
    hand: notice.hand && { by: optional(notice.hand.by), why: optional(notice.hand.why) },
    count: notice.count,
    countIsAtLeast: notice.countIsAtLeast,
    exercised: notice.exercise?.exercised,
    held: notice.exercise?.held,
    opening: notice.opening,
    reopened: notice.reopened,
    first: traceData(notice.first, room),
    latest: traces.map((trace) => traceData(trace, room)),
    related: notice.related.slice(0, room.named).map(({ incidentId, rule }) => ({ incidentId, rule: name(rule) })),
    experiments: notice.experiments.slice(0, room.named).map(name),
    runbook: link(notice.runbook, room),
    console: link(notice.console, room),
    test: notice.test,
    flood: notice.flood?.slice(0, room.named).map(({ incidentId, rule, severity }) => ({
      incidentId,
      rule: name(rule),
      severity,
    })),
    floodCount: notice.flood?.length,
  }
}

function traceData(trace: WitnessTrace, room: Room) {
  return {
    traceId: trace.traceId,
    spanId: trace.spanId,
    service: cutText(trace.service, room.name),
    at: isoTime(trace.atMs),
    text: trace.text === undefined ? undefined : cutText(trace.text, room.text),
    link: link(trace.link, room),
  }
}

/** A link as it is: half of one leads nowhere. */
function link(url: string | undefined, room: Room): string | undefined {
  return url === undefined || url.length > room.text ? undefined : url
}
