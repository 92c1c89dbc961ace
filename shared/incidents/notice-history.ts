import type { NoticeDetails } from './compose-notice.ts'
import type { IncidentMember, StoredIncident } from './incident.ts'
import type { ExerciseCounts } from './store-steps.ts'

const LATEST = 5
const RELATED = 5

/** A store in this process answers at once. */
type Soon<Value> = Value | Promise<Value>

/** What is asked of a store for the history of an incident. */
interface HistoryStore {
  /** The newest live members from a time on. */
  latest(key: string, fromMs: number, limit: number): Soon<readonly IncidentMember[]>
  exercise(rule: string, sinceMs: number): Soon<ExerciseCounts>
  /** Other open incidents that the same trace opened. */
  openedBy(traceId: string, exceptKey: string, limit: number): Soon<readonly StoredIncident[]>
}

/** What a notice says of the traces of an incident, and of what they opened besides. */
export async function historyOf(
  { key, head }: StoredIncident,
  store: HistoryStore,
): Promise<Pick<NoticeDetails, 'latest' | 'exercise' | 'related'>> {
  const latest = await store.latest(key, head.fromMs, LATEST)
  return {
    latest,
    exercise: latest[0] && (await store.exercise(head.about.rule, latest[0].firedAtMs)),
    related: await store.openedBy(head.about.first.traceId, key, RELATED),
  }
}

/** None of it: for a flood, whose notice names its incidents, and for lists. */
export const NO_HISTORY: Pick<NoticeDetails, 'latest' | 'exercise' | 'related'> = {
  latest: [],
  exercise: undefined,
  related: [],
}
