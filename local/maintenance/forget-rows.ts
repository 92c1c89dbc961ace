import type { IncidentHead, IncidentSubject } from '../../shared/incidents/incident.ts'
import type { ExperimentVerdict } from '../../shared/pipeline/experiment-verdict.ts'
import type { Database } from '../sqlite/database.ts'

/** What was removed beside the archive. */
export interface ForgottenRows {
  readonly chunks: number
  readonly signals: number
}

/** Removes chunks of traces, their signals, and their rows of verdicts and deliveries; the file keeps no bytes of them. */
export async function forgetRows(database: Database, traceIds: readonly string[]): Promise<ForgottenRows> {
  const removed = await database.write(() => {
    const sum = { chunks: 0, signals: 0 }
    for (const traceId of traceIds) {
      // Signals, and what names the trace as a sample.
      database.run('DELETE FROM deliveries WHERE instr(event, ?) > 0', traceId)
      forgetSamples(database, traceId)
      forgetInIncidents(database, traceId)
      database.run('DELETE FROM unarchived WHERE trace_id = ?', traceId)
      sum.chunks += database.run('DELETE FROM chunks WHERE trace_id = ?', traceId)
      sum.signals += database.run('DELETE FROM signals WHERE trace_id = ?', traceId)
    }
    return sum
  })
  // Rows that were updated or deleted before still lie in free space of the file, until it is rewritten.
  database.all('VACUUM')
  database.all('PRAGMA wal_checkpoint(TRUNCATE)')
  return removed
}

const FORGOTTEN = '0'.repeat(32)

/** Incidents keep that a trace broke their rule, and no more of it. */
function forgetInIncidents(database: Database, traceId: string): void {
  const members = "UPDATE incident_members SET trace_id = ?, service = '' WHERE trace_id = ?"
  database.run(members, FORGOTTEN, traceId)
  for (const { key, head } of database.all('SELECT key, head FROM incidents WHERE instr(head, ?) > 0', traceId)) {
    const known = JSON.parse(String(head)) as IncidentHead
    const about = withoutTrace(known.about, traceId)
    const watch = known.watch && { ...known.watch, about: withoutTrace(known.watch.about, traceId) }
    const written = JSON.stringify({ ...known, about, ...(watch !== undefined && { watch }) })
    const sql = 'UPDATE incidents SET head = ?, first_trace_id = ? WHERE key = ?'
    database.run(sql, written, about.first.traceId, key as string)
  }
}

function withoutTrace(about: IncidentSubject, traceId: string): IncidentSubject {
  if (about.first.traceId !== traceId) return about
  return {
    ...about,
    service: '',
    first: { traceId: FORGOTTEN, service: '', atMs: about.first.atMs, text: 'forgotten' },
  }
}

/** Verdicts on experiments keep their counts, without the samples of the trace. */
function forgetSamples(database: Database, traceId: string): void {
  const sql = 'SELECT experiment, verdict FROM experiment_verdicts WHERE instr(verdict, ?) > 0'
  for (const { experiment, verdict } of database.all(sql, traceId)) {
    const judged = JSON.parse(String(verdict)) as ExperimentVerdict
    const rules = judged.rules.map((rule) => {
      return { ...rule, samples: rule.samples.filter((sample) => sample.traceId !== traceId) }
    })
    const written = JSON.stringify({ ...judged, rules })
    database.run('UPDATE experiment_verdicts SET verdict = ? WHERE experiment = ?', written, experiment as string)
  }
}
