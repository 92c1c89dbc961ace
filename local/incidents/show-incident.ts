import type { Writable } from 'node:stream'
import { styleText } from 'node:util'
import { noticeOf } from '../../shared/incidents/compose-notice.ts'
import { newDelivery } from '../../shared/incidents/delivery.ts'
import type { StoredIncident } from '../../shared/incidents/incident.ts'
import { headlineOf } from '../../shared/incidents/text/headline.ts'
import { SEVERITY_STYLES } from '../../shared/text/signal-text.ts'
import { visibleLines } from '../../shared/text/visible.ts'
import { writeTo } from '../sinks/local-publisher.ts'
import type { SqliteIncidents } from '../sqlite/sqlite-incidents.ts'

/** Shows on a screen that an incident opened or ended, in a line. */
export function showIncident(
  stream: Writable,
  colour: boolean,
  incidents: SqliteIncidents,
): (incident: StoredIncident) => Promise<void> {
  return async ({ key, head }) => {
    const change = head.state === 'open' ? 'opened' : head.state === 'resolved' ? 'resolved' : undefined
    if (change === undefined || (change === 'opened' && head.changedAtMs !== head.openedAtMs)) return
    const row = newDelivery({ updates: false, ended: true }, head.changedAtMs)
    const { count, newestMs } = incidents.liveMembers(key, head.fromMs)
    const id = { key, episode: head.episode, receiver: '' }
    const notice = noticeOf(
      id,
      { change, head, opening: head.opening, row, count },
      {
        nowMs: head.changedAtMs,
        source: '',
        latest: [],
        exercise: newestMs === undefined ? undefined : incidents.exercise(head.about.rule, newestMs),
        related: [],
        traceLink: undefined,
      },
    )
    const mark = change === 'opened' ? 'incident opened' : 'incident ended'
    const style = SEVERITY_STYLES.get(head.about.severity)
    const painted = colour && style !== undefined ? styleText(style, mark, { validateStream: false }) : mark
    await writeTo(stream, visibleLines(`${painted}: ${headlineOf(notice)}\n\n`, { styles: colour }))
  }
}
