import type { Clock } from '../../pipeline/ports.ts'
import { incidentFacts, noticeOf } from '../compose-notice.ts'
import { newDelivery } from '../delivery.ts'
import type { StoredIncident } from '../incident.ts'
import { type NamedMute, namedFileMute } from '../mutes/stored-mute.ts'
import type { Notice } from '../notice.ts'
import type { NotifyConfig } from '../notify/config.ts'
import { muteOf } from '../routing/mutes.ts'
import type { IncidentDesk } from './desk.ts'
import { type AboutIncident, type IncidentDetail, type IncidentView, incidentDetail, incidentView } from './views.ts'

interface Reading {
  readonly desk: IncidentDesk
  readonly clock: Clock
  readonly source: string
}

const LATEST = 5
const RELATED = 5

/** Incidents as they are listed. */
export async function listOf(found: readonly StoredIncident[], reading: Reading): Promise<readonly IncidentView[]> {
  const silence = await silenceOf(reading)
  const views: IncidentView[] = []
  for (const incident of found) {
    const notice = await noticeNow(incident, {}, silence.config, reading)
    views.push(incidentView(notice, await aboutOf(incident, silence.mutes, reading)))
  }
  return views
}

/** One incident with all that is known of it. */
export async function detailOf(incident: StoredIncident, reading: Reading): Promise<IncidentDetail> {
  const { desk } = reading
  const { key, head } = incident
  const silence = await silenceOf(reading)
  const latest = await desk.latest(key, head.fromMs, LATEST)
  const details = {
    latest,
    exercise: latest[0] && (await desk.exercise(head.about.rule, latest[0].firedAtMs)),
    related: await desk.openedBy(head.about.first.traceId, key, RELATED),
  }
  const notice = await noticeNow(incident, details, silence.config, reading)
  return incidentDetail(notice, await aboutOf(incident, silence.mutes, reading))
}

async function silenceOf({ desk, clock }: Reading) {
  const config = await desk.config()
  return { config, mutes: [...config.mutes.map(namedFileMute), ...(await desk.activeMutes(clock()))] }
}

type Details = Partial<Pick<Parameters<typeof noticeOf>[2], 'latest' | 'exercise' | 'related'>>

/** What a receiver would be notified now, if it was notified of everything. */
async function noticeNow(
  { key, head }: StoredIncident,
  { latest = [], exercise, related = [] }: Details,
  { traceLink }: NotifyConfig,
  { desk, clock, source }: Reading,
): Promise<Notice> {
  const nowMs = clock()
  const change = head.state === 'resolved' ? 'resolved' : 'updated'
  const { count } = await desk.liveMembers(key, head.fromMs)
  const row = newDelivery({ updates: true, ended: true }, nowMs)
  return noticeOf(
    { key, episode: head.episode, receiver: '' },
    { change, head, opening: head.opening, row, count },
    { nowMs, source, latest, exercise, related, traceLink },
  )
}

async function aboutOf(
  { key, head }: StoredIncident,
  mutes: readonly NamedMute[],
  { desk, clock, source }: Reading,
): Promise<AboutIncident> {
  const deliveries = await desk.deliveriesOf(key)
  return {
    deliveries: deliveries.filter(({ id }) => id.episode === head.episode),
    mute: head.state === 'resolved' ? undefined : muteOf(mutes, incidentFacts(head, source), clock()),
  }
}
