import type { Clock } from '../../pipeline/ports.ts'
import { incidentFacts, noticeOf } from '../compose-notice.ts'
import { newDelivery } from '../delivery.ts'
import type { StoredIncident } from '../incident.ts'
import { allMutes, type NamedMute } from '../mutes/stored-mute.ts'
import type { Notice } from '../notice.ts'
import { historyOf, NO_HISTORY } from '../notice-history.ts'
import type { NotifyConfig } from '../notify/config.ts'
import { muteOf } from '../routing/mutes.ts'
import type { IncidentDesk } from './desk.ts'
import { type AboutIncident, type IncidentDetail, type IncidentView, incidentDetail, incidentView } from './views.ts'

interface Reading {
  readonly desk: IncidentDesk
  readonly clock: Clock
  readonly source: string
}

/** Incidents as they are listed. */
export async function listOf(found: readonly StoredIncident[], reading: Reading): Promise<readonly IncidentView[]> {
  const silence = await silenceOf(reading)
  const views: IncidentView[] = []
  for (const incident of found) {
    const notice = await noticeNow(incident, NO_HISTORY, silence.config, reading)
    views.push(incidentView(notice, await aboutOf(incident, silence.mutes, reading)))
  }
  return views
}

/** One incident with all that is known of it. */
export async function detailOf(incident: StoredIncident, reading: Reading): Promise<IncidentDetail> {
  const { desk } = reading
  const silence = await silenceOf(reading)
  const notice = await noticeNow(incident, await historyOf(incident, desk), silence.config, reading)
  return incidentDetail(notice, await aboutOf(incident, silence.mutes, reading))
}

async function silenceOf({ desk, clock }: Reading) {
  const config = await desk.config()
  return { config, mutes: allMutes(config.mutes, await desk.activeMutes(clock())) }
}

/** What a receiver would be notified now, if it was notified of everything. */
async function noticeNow(
  { key, head }: StoredIncident,
  history: typeof NO_HISTORY,
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
    { nowMs, source, ...history, traceLink },
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
