import { type ExperimentEvent, eventKey, eventTimeMs } from '../../shared/pipeline/experiment.ts'
import type { ExperimentStore, KeptVerdict, VerdictState } from '../../shared/pipeline/experiment-store.ts'
import type { ExperimentVerdict } from '../../shared/pipeline/experiment-verdict.ts'
import type { Database, Row } from './database.ts'

/** What was said of experiments, and the verdicts on them, in SQLite. */
export class SqliteExperiments implements ExperimentStore {
  private readonly database: Database

  constructor(database: Database) {
    this.database = database
  }

  async append(event: ExperimentEvent): Promise<void> {
    const sql = `INSERT INTO experiment_events (experiment, key, at_ms, received_ms, event) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET at_ms = excluded.at_ms, received_ms = excluded.received_ms, event = excluded.event
      WHERE excluded.received_ms < received_ms`
    const { experiment, receivedAtMs } = event
    const values = [experiment, eventKey(event), eventTimeMs(event), receivedAtMs, JSON.stringify(event)] as const
    await this.database.write(() => this.database.run(sql, ...values))
  }

  async eventsOf(experiment: string): Promise<readonly ExperimentEvent[]> {
    return this.database.all('SELECT event FROM experiment_events WHERE experiment = ?', experiment).map(eventOf)
  }

  async eventsBetween(fromMs: number, toMs: number): Promise<readonly ExperimentEvent[]> {
    const sql = 'SELECT event FROM experiment_events WHERE at_ms >= ? AND at_ms < ?'
    return this.database.all(sql, fromMs, toMs).map(eventOf)
  }

  async readVerdict(experiment: string): Promise<KeptVerdict | undefined> {
    const sql = 'SELECT sequence, basis, published, verdict FROM experiment_verdicts WHERE experiment = ?'
    const row = this.database.get(sql, experiment)
    if (row === undefined) return undefined
    return { ...keptOf(row), verdict: JSON.parse(String(row.verdict)) as ExperimentVerdict }
  }

  async keepVerdict(experiment: string, { sequence, basis, published, verdict }: KeptVerdict): Promise<boolean> {
    const sql = `INSERT INTO experiment_verdicts (experiment, sequence, basis, published, verdict) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET sequence = excluded.sequence, basis = excluded.basis, published = excluded.published,
        verdict = excluded.verdict
      WHERE sequence = excluded.sequence - 1 OR (sequence = excluded.sequence AND basis = excluded.basis)`
    const values = [experiment, sequence, basis, published ? 1 : 0, JSON.stringify(verdict)] as const
    return (await this.database.write(() => this.database.run(sql, ...values))) === 1
  }

  async noteLate(experiment: string, atMs: number): Promise<void> {
    const sql = `INSERT INTO experiment_late (experiment, late_ms) VALUES (?, ?)
      ON CONFLICT DO UPDATE SET late_ms = max(late_ms, excluded.late_ms)`
    await this.database.write(() => this.database.run(sql, experiment, atMs))
  }

  async stateOf(experiment: string): Promise<VerdictState> {
    const sql = 'SELECT sequence, basis, published FROM experiment_verdicts WHERE experiment = ?'
    const kept = this.database.get(sql, experiment)
    const late = this.database.get('SELECT late_ms FROM experiment_late WHERE experiment = ?', experiment)
    return { kept: kept === undefined ? undefined : keptOf(kept), lateMs: Number(late?.late_ms ?? 0) }
  }
}

function keptOf({ sequence, basis, published }: Row): Omit<KeptVerdict, 'verdict'> {
  return { sequence: Number(sequence), basis: String(basis), published: published === 1 }
}

function eventOf({ event }: Row): ExperimentEvent {
  return JSON.parse(String(event)) as ExperimentEvent
}
