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
