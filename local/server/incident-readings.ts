import type { RuleSet } from '../../shared/pipeline/ports.ts'
import type { LocalIncidents } from '../incidents/local-incidents.ts'
import { type IncidentNotifier, OUTCOMES } from '../incidents/notifier.ts'
import type { SqliteDeliveries } from '../sqlite/sqlite-deliveries.ts'
import type { SqliteIncidents } from '../sqlite/sqlite-incidents.ts'
import type { MetricReading } from './metrics.ts'
import { RUNBOOK } from './runbook.ts'

/** Rules that `/metrics` has series of. */
const MAX_RULES_SHOWN = 5_000

export interface IncidentSubjects {
  readonly incidents: LocalIncidents
  readonly incidentStore: SqliteIncidents
  readonly notifier: IncidentNotifier
  readonly deliveries: SqliteDeliveries
}

/** How incidents and those who are notified of them stand. Every live rule has its series from the start: a first increase is seen. */
export function incidentReadings({ rules }: RuleSet, subjects: IncidentSubjects): readonly MetricReading[] {
  const { incidents, incidentStore, notifier, deliveries } = subjects
  const live = rules.filter(({ metadata }) => metadata.mode !== 'shadow').slice(0, MAX_RULES_SHOWN)
  const ofRules = (name: string, help: string, read: (rule: string) => number) =>
    live.map(({ name: rule }): MetricReading => ({ name, help, value: read(rule), labels: { rule } }))
  return [
    ...openReadings(live, incidentStore),
    ...ofRules('betrace_incident_openings_total', 'Incidents that opened, or opened again.', (rule) =>
      incidentStore.openings(rule),
    ),
    ...ofRules(
      'betrace_rule_exercised_total',
      'Traces that gave the rule something to say when judged first.',
      (rule) => incidents.tally.exercised(rule),
    ),
    ...ofRules('betrace_rule_violations_total', 'Traces whose signal of the rule began to fire.', (rule) =>
      incidents.violations(rule),
    ),
    ...notifier.receivers().flatMap((receiver) =>
      OUTCOMES.map((outcome): MetricReading => {
        const value = notifier.counts.get(receiver)?.get(outcome) ?? 0
        const help = 'Attempts to tell a receiver of an incident, by what became of them.'
        return { name: 'betrace_notifications_total', help, value, labels: { receiver, outcome } }
      }),
    ),
    ...backlogReadings(notifier.receivers(), deliveries),
  ]
}

/** An incident may have another severity than its rule by now, and its rule may be gone. */
function openReadings(live: RuleSet['rules'], incidentStore: SqliteIncidents): readonly MetricReading[] {
  const open = incidentStore.countOpen()
  const known = new Set(open.map(({ rule, severity }) => `${severity} ${rule}`))
  const idle = live.filter(({ name, severity }) => !known.has(`${severity} ${name}`))
  const none = idle.map(({ name, severity }) => ({ rule: name, severity, count: 0 }))
  return [...open.slice(0, MAX_RULES_SHOWN), ...none].map(({ rule, severity, count }) => {
    return {
      name: 'betrace_incidents_open',
      help: 'Incidents that are open.',
      value: count,
      labels: { rule, severity },
    }
  })
}

function backlogReadings(receivers: readonly string[], deliveries: SqliteDeliveries): readonly MetricReading[] {
  const backlogs = new Map(deliveries.backlog().map((backlog) => [backlog.receiver, backlog]))
  const gauge = (what: 'waiting' | 'refused', help: string) =>
    receivers.map((receiver): MetricReading => {
      const value = backlogs.get(receiver)?.[what] ?? 0
      return { name: `betrace_notifications_${what}`, help, value, labels: { receiver } }
    })
  return [
    ...gauge('waiting', 'Notifications that failed and are tried again.'),
    ...gauge('refused', 'Notifications that the receiver refused, until notify.yaml changes or the next start.'),
  ]
}

/** What receivers refused; undefined where nothing is. */
export function receiversProblem(deliveries: SqliteDeliveries): string | undefined {
  const refused = deliveries.backlog().filter((backlog) => backlog.refused > 0)
  if (refused.length === 0) return undefined
  const each = refused.map(({ receiver, refused: count, failure }) => `${receiver}: ${count}, ${failure}`)
  return `receivers refuse notifications of incidents: ${each.join('; ')} (${RUNBOOK.receivers})`
}
