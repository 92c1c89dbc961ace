import type { Database } from './database.ts'
import type { Reading } from './metrics.ts'
import type { LoadedRules } from './rules-watcher.ts'
import type { Webhook } from './sinks/webhook.ts'
import type { SqliteTimers } from './sqlite-timers.ts'

export interface ReadSubjects {
  readonly database: Database
  readonly timers: SqliteTimers
  readonly webhooks: readonly Webhook[]
  readonly rules: () => LoadedRules
  readonly nowMs: () => number
}

/** What `/metrics` shows besides counters: how things stand at this moment. */
export function readings({ database, timers, webhooks, rules, nowMs }: ReadSubjects): readonly Reading[] {
  const { set, folder } = rules()
  const { waiting, buried } = timers.counts()
  const overdueMs = Math.max(0, nowMs() - (timers.nextVisibleMs() ?? Infinity))
  return [
    { name: 'betrace_rules_loaded', help: 'Rules in force.', value: set.rules.length },
    { name: 'betrace_rules_rejected', help: 'Rules with problems, which are not in force.', value: set.rejected },
    {
      name: 'betrace_rule_files_unreadable',
      help: 'Rule files that cannot be read.',
      value: folder.unreadable.length,
    },
    { name: 'betrace_buffer_bytes', help: 'Bytes in use in the database.', value: database.sizeBytes() },
    { name: 'betrace_timers_waiting', help: 'Timers waiting, one for each chunk to be judged.', value: waiting },
    { name: 'betrace_timers_set_aside', help: 'Timers that failed too often, until the next start.', value: buried },
    {
      name: 'betrace_oldest_timer_overdue_seconds',
      help: 'By how much the oldest timer is overdue.',
      value: overdueMs / 1000,
    },
    ...webhooks.flatMap(webhookReadings),
  ].toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

function webhookReadings(webhook: Webhook): readonly Reading[] {
  const { delivered, retried, failed } = webhook.counts
  const { waiting, setAside } = webhook.backlog()
  const attempts = (outcome: string, value: number): Reading => ({
    name: 'betrace_webhook_deliveries_total',
    help: 'Webhook requests, by what became of them.',
    value,
    labels: { webhook: webhook.name, outcome },
  })
  const labels = { webhook: webhook.name }
  return [
    attempts('delivered', delivered),
    attempts('retried', retried),
    attempts('failed', failed),
    { name: 'betrace_webhook_waiting', help: 'Events that wait to be delivered.', value: waiting, labels },
    { name: 'betrace_webhook_set_aside', help: 'Events set aside until the next start.', value: setAside, labels },
  ]
}
