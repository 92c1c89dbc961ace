import type { StoredDelivery } from '../delivery.ts'
import type { HandEnd, IncidentMember, StoredIncident } from '../incident.ts'
import type { NamedMute, StoredMute } from '../mutes/stored-mute.ts'
import type { NotifyConfig } from '../notify/config.ts'
import type { ExerciseCounts, LiveMembers } from '../store-steps.ts'

/** Which incidents are asked for. One that is about to end counts as open. */
export const LISTED_STATES = ['open', 'ended', 'all'] as const
export type ListedState = (typeof LISTED_STATES)[number]

/** What the API of incidents and mutes asks of the runtime behind it. Each fails with a StorageError alone. */
export interface IncidentDesk {
  /** Incidents by when their state last changed, the newest first. */
  list(state: ListedState, limit: number): Promise<readonly StoredIncident[]>
  /** Incidents that have opened once and whose keys begin so, in lower-case hexadecimal digits. */
  keyed(prefix: string, limit: number): Promise<readonly StoredIncident[]>
  /** As the protocol counts them (`IncidentSteps`). */
  liveMembers(key: string, fromMs: number): Promise<LiveMembers>
  exercise(rule: string, sinceMs: number): Promise<ExerciseCounts>
  /** The newest live members from a time on. */
  latest(key: string, fromMs: number, limit: number): Promise<readonly IncidentMember[]>
  /** Other open incidents that the same trace opened. */
  openedBy(traceId: string, exceptKey: string, limit: number): Promise<readonly StoredIncident[]>
  /** Rows of an incident, of all its episodes. */
  deliveriesOf(key: string): Promise<readonly StoredDelivery[]>
  /** Ends an open incident, and lets its receivers be notified; false where it is not open. */
  endByHand(key: string, hand: HandEnd): Promise<boolean>
  /** What the file of receivers says now. */
  config(): Promise<NotifyConfig>
  /** Mutes made through the API that hold now. */
  activeMutes(nowMs: number): Promise<readonly NamedMute[]>
  /** All of them by when they were made, the newest first; those that ended or were removed for 30 days. */
  mutes(limit: number): Promise<readonly StoredMute[]>
  readMute(id: string): Promise<StoredMute | undefined>
  /** Stores a mute, which holds from then on. */
  addMute(mute: StoredMute): Promise<void>
  /** Removes a mute, and lets receivers be notified at once of what it held back; undefined where it does not hold. */
  removeMute(id: string, nowMs: number): Promise<StoredMute | undefined>
}
