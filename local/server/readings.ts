import type { ClockWatch } from '../clock/clock-watch.ts'
import type { ArchiveState } from '../dependencies.ts'
import type { DatabaseRoom } from '../maintenance/room.ts'
import type { RuleSummaries } from '../maintenance/rule-summaries.ts'
import { spaceReadings } from '../maintenance/space.ts'
import type { EventQueue } from '../queues/event-queue.ts'
import type { SignalQueues } from '../queues/signal-queues.ts'
import type { RulesInForce } from '../rules/rules-watcher.ts'
import type { JsonLinesFile } from '../sinks/json-lines-file.ts'
import type { Database } from '../sqlite/database.ts'
import { missing } from '../sqlite/lost-writes.ts'
import type { SqliteTimers } from '../sqlite/sqlite-timers.ts'
import type { Connections } from './connections.ts'
import { type IncidentSubjects, incidentReadings } from './incident-readings.ts'
import type { MetricReading } from './metrics.ts'
import { stateReadings } from './state-readings.ts'

export interface ReadSubjects extends IncidentSubjects {
  readonly database: Database
  readonly timers: SqliteTimers
  readonly signalQueues: Pick<SignalQueues, 'all'>
  readonly rules: () => RulesInForce
  readonly nowMs: () => number
  readonly archiveState: () => ArchiveState
  readonly lines: JsonLinesFile | undefined
  readonly clockWatch: ClockWatch
  readonly connections: Connections
  readonly room: DatabaseRoom
  readonly summaries: Pick<RuleSummaries, 'states'>
}

/** What `/metrics` shows besides counters: how things stand at this moment. */
export function readings(subjects: ReadSubjects): readonly MetricReading[] {
  const { database, timers, signalQueues, rules, nowMs } = subjects
  const { set, folder } = rules()
  const { waiting, buried } = timers.counts()
  const overdueMs = Math.max(0, nowMs() - Math.min(...timers.flows().map(({ nextMs }) => nextMs)))
  return [
    { name: 'betrace_rules_loaded', help: 'Rules in force.', value: set.rules.length },
    { name: 'betrace_rules_rejected', help: 'Rules with problems, which are not in force.', value: set.rejected },
    {
      name: 'betrace_rules_kept_back',
      help: 'Rules in force as they were, because their new text has problems.',
      value: set.keptBack.length,
    },
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
    { name: 'betrace_storage_failures_total', help: 'Writes the database could not do.', value: database.failures },
    ...incidentReadings(set, subjects),
    ...stateReadings(set.rules, subjects.summaries.states),
    ...lossReadings(database),
    ...spaceReadings(subjects),
    ...clockReadings(subjects.clockWatch),
    ...connectionReadings(subjects.connections),
    ...archiveReadings(subjects.archiveState()),
    ...(subjects.lines === undefined ? [] : linesReadings(subjects.lines)),
    ...signalQueues.all.flatMap(webhookReadings),
  ].toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

function lossReadings(database: Database): readonly MetricReading[] {
  const { spans, chunks, writes } = missing(database.promises?.losses() ?? [])
  const help = (what: string) => `${what} that were promised and are missing, until somebody acknowledges it.`
  return [
    { name: 'betrace_lost_spans', help: help('Spans'), value: spans },
    { name: 'betrace_lost_chunks', help: help('Chunks'), value: chunks },
    { name: 'betrace_lost_writes', help: help('Writes to the database'), value: writes },
  ]
}

function clockReadings({ counts }: ClockWatch): readonly MetricReading[] {
  return (['forward', 'back'] as const).map((direction) => ({
    name: 'betrace_clock_steps_total',
    help: 'Steps of the clock by a second or more.',
    value: counts[direction],
    labels: { direction },
  }))
}

function connectionReadings(connections: Connections): readonly MetricReading[] {
  const { idle, busy, reserved, max, cuts } = connections.state()
  const open = (state: string, value: number): MetricReading => ({
    name: 'betrace_connections',
    help: 'Connections at this moment: idle, with a request under way, or in the reserve of those that have no place.',
    value,
    labels: { state },
  })
  return [
    open('idle', idle),
    open('busy', busy),
    open('reserve', reserved),
    { name: 'betrace_connections_max', help: 'Connections that have a place at one time.', value: max },
    ...[...cuts].map(([reason, value]) => ({
      name: 'betrace_connections_refused_total',
      help: 'Connections that were refused or cut off, by reason.',
      value,
      labels: { reason },
    })),
  ]
}

function archiveReadings({ failures, damaged, journals, queued, traces }: ArchiveState): readonly MetricReading[] {
  return [
    { name: 'betrace_archive_failures_total', help: 'Journals that could not be archived.', value: failures },
    { name: 'betrace_archive_journals_queued', help: 'Journals that wait for their turn.', value: queued },
    { name: 'betrace_archive_journals_waiting', help: 'Journals that wait to be tried again.', value: journals },
    { name: 'betrace_archive_traces_waiting', help: 'Judged traces that the archive did not take yet.', value: traces },
    { name: 'betrace_archive_journals_damaged_total', help: 'Damaged journals that were put aside.', value: damaged },
  ]
}

function linesReadings(lines: JsonLinesFile): readonly MetricReading[] {
  const { waiting } = lines.state()
  return [
    { name: 'betrace_json_lines_failures_total', help: 'Failed writes to the JSON-lines file.', value: lines.failures },
    { name: 'betrace_json_lines_waiting', help: 'Signals that the JSON-lines file did not take yet.', value: waiting },
  ]
}

function webhookReadings(webhook: EventQueue): readonly MetricReading[] {
  const { delivered, retried, failed } = webhook.counts
  const { waiting, setAside } = webhook.backlog()
  const attempts = (outcome: string, value: number): MetricReading => ({
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
