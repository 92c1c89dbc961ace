import type { ConditionFacts, RuleMinute } from '../../shared/incidents/alert-condition.ts'
import { MINUTE_MS } from '../../shared/incidents/alert-condition.ts'
import { FLOOD } from '../../shared/incidents/delivery.ts'
import type { MinuteOfRule } from '../../shared/incidents/exercise-tally.ts'
import type { IncidentHead, IncidentMember, StoredIncident } from '../../shared/incidents/incident.ts'
import {
  atOnce,
  type ExerciseCounts,
  type IncidentSteps,
  type LiveMembers,
  MAX_COUNTED,
  type MemberState,
  type Protocol,
} from '../../shared/incidents/store-steps.ts'
import type { AlertCondition } from '../../shared/rules/ast.ts'
import type { Database, Row } from './database.ts'

/** Incidents in SQLite. A step is part of the write under way; `transact` does a whole protocol in one. */
export class SqliteIncidents implements IncidentSteps {
  private readonly database: Database
  private readonly opened = new Map<string, number>()

  constructor(database: Database) {
    this.database = database
  }

  /** Does every step of a protocol in one transaction. It outlives this process, but not always a loss of power. */
  transact<Result>(protocol: () => Protocol<Result>): Promise<Result> {
    return this.database.writeRepeatable(() => atOnce(protocol(), this))
  }

  putMember(key: string, member: IncidentMember): MemberState | undefined {
    const { firedAtMs, signalId, traceId, service } = member
    const insert = `INSERT OR IGNORE INTO incident_members
      (key, fired_ms, signal_id, trace_id, service, retracted) VALUES (?, ?, ?, ?, ?, 0)`
    if (this.database.run(insert, key, firedAtMs, signalId, traceId, service) === 1) return undefined
    const before = 'SELECT retracted FROM incident_members WHERE key = ? AND fired_ms = ? AND signal_id = ?'
    return { retracted: this.database.get(before, key, firedAtMs, signalId)?.retracted === 1 }
  }

  retractMember(key: string, signalId: string, firedAtMs: number): boolean {
    const sql = 'UPDATE incident_members SET retracted = 1 WHERE key = ? AND fired_ms = ? AND signal_id = ?'
    return this.database.run(sql, key, firedAtMs, signalId) > 0
  }

  readHead(key: string): IncidentHead | undefined {
    const row = this.database.get('SELECT head FROM incidents WHERE key = ?', key)
    return row && headOf(row)
  }

  writeHead(key: string, head: IncidentHead): boolean {
    const { about, state, version, changedAtMs, watch } = head
    const { traceId } = about.first
    const lookMs = state === 'open' ? changedAtMs : (watch?.untilMs ?? 0) > changedAtMs ? changedAtMs : null
    const text = JSON.stringify(head)
    if (state === 'open' && head.openedAtMs === changedAtMs) this.noteOpening(about.rule)
    if (version === 1) {
      const insert = `INSERT OR IGNORE INTO incidents
        (key, rule, severity, state, version, dispatched, changed_ms, look_ms, first_trace_id, head)
        VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?)`
      return (
        this.database.run(
          insert,
          key,
          about.rule,
          about.severity,
          state,
          version,
          changedAtMs,
          lookMs,
          traceId,
          text,
        ) === 1
      )
    }
    const update = `UPDATE incidents SET severity = ?, state = ?, version = ?, changed_ms = ?, look_ms = ?, first_trace_id = ?, head = ?
      WHERE key = ? AND version = ?`
    return (
      this.database.run(
        update,
        about.severity,
        state,
        version,
        changedAtMs,
        lookMs,
        traceId,
        text,
        key,
        version - 1,
      ) === 1
    )
  }

  /** Incidents of a rule that opened, or opened again, since the start of the process. */
  openings(rule: string): number {
    return this.opened.get(rule) ?? 0
  }

  private noteOpening(rule: string): void {
    this.opened.set(rule, this.openings(rule) + 1)
  }

  liveMembers(key: string, fromMs: number): LiveMembers {
    const live = 'FROM incident_members WHERE key = ? AND fired_ms >= ? AND retracted = 0'
    const newest = this.database.get(`SELECT fired_ms ${live} ORDER BY fired_ms DESC LIMIT 1`, key, fromMs)
    if (newest === undefined) return { count: 0 }
    const count = `SELECT count(DISTINCT trace_id) AS count FROM (SELECT trace_id ${live} LIMIT ${MAX_COUNTED})`
    return { count: Number(this.database.get(count, key, fromMs)?.count), newestMs: Number(newest.fired_ms) }
  }

  facts(key: string, rule: string, alert: AlertCondition, fromMs: number): ConditionFacts {
    if (alert.kind === 'share') return { firedMs: [], minutes: this.minutes(key, rule, fromMs) }
    const sql = `SELECT max(fired_ms) AS ms FROM incident_members WHERE key = ? AND fired_ms >= ? AND retracted = 0
      GROUP BY trace_id ORDER BY ms DESC LIMIT ${MAX_COUNTED}`
    return { firedMs: this.database.all(sql, key, fromMs).map(({ ms }) => Number(ms)), minutes: [] }
  }

  exercise(rule: string, sinceMs: number): ExerciseCounts {
    const sql = `SELECT sum(exercised) AS exercised, sum(held) AS held, max(minute_ms) AS last_ms FROM rule_exercise
      WHERE rule = ? AND minute_ms > ?`
    const row = this.database.get(sql, rule, sinceMs)
    const lastMs = row?.last_ms ?? undefined
    return {
      exercised: Number(row?.exercised ?? 0),
      held: Number(row?.held ?? 0),
      ...(lastMs !== undefined && { lastMs: Number(lastMs) }),
    }
  }

  openGroups(rule: string): number {
    const sql = "SELECT count(*) AS count FROM incidents WHERE rule = ? AND state = 'open'"
    return Number(this.database.get(sql, rule)?.count)
  }

  /** Adds to what is known of the exercise of rules. */
  addExercise(minutes: readonly MinuteOfRule[]): Promise<void> {
    const sql = `INSERT INTO rule_exercise (rule, minute_ms, exercised, held) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET exercised = exercised + excluded.exercised, held = held + excluded.held`
    return this.database.writeRepeatable(() => {
      for (const { rule, minuteMs, exercised, held } of minutes) this.database.run(sql, rule, minuteMs, exercised, held)
    }, minutes.length)
  }

  /** Incidents that somebody has to look at by now, the most overdue first. */
  toLookAt(nowMs: number, limit: number): readonly StoredIncident[] {
    const sql = 'SELECT key, head FROM incidents WHERE look_ms <= ? ORDER BY look_ms LIMIT ?'
    return this.database.all(sql, nowMs, limit).map(storedIncident)
  }

  /** Notes when to look at an incident the next time, as part of the write under way. */
  setLook(key: string, lookMs: number | undefined): void {
    this.database.run('UPDATE incidents SET look_ms = ? WHERE key = ?', lookMs ?? null, key)
  }

  /** Incidents that changed since their receivers were last asked for. */
  toDispatch(limit: number): readonly StoredIncident[] {
    const sql = 'SELECT key, head FROM incidents WHERE dispatched < version ORDER BY changed_ms LIMIT ?'
    return this.database.all(sql, limit).map(storedIncident)
  }

  /** Notes that the receivers of a version were asked for, as part of the write under way. */
  setDispatched(key: string, version: number): void {
    this.database.run('UPDATE incidents SET dispatched = ? WHERE key = ?', version, key)
  }

  /** The newest live members of an episode. */
  latest(key: string, fromMs: number, limit: number): readonly IncidentMember[] {
    const sql = `SELECT fired_ms, signal_id, trace_id, service FROM incident_members
      WHERE key = ? AND fired_ms >= ? AND retracted = 0 ORDER BY fired_ms DESC LIMIT ?`
    return this.database.all(sql, key, fromMs, limit).map((row) => ({
      signalId: String(row.signal_id),
      firedAtMs: Number(row.fired_ms),
      traceId: String(row.trace_id),
      service: String(row.service),
    }))
  }

  /** Other open incidents that the same trace opened. */
  openedBy(traceId: string, exceptKey: string, limit: number): readonly StoredIncident[] {
    const sql = `SELECT key, head FROM incidents
      WHERE first_trace_id = ? AND state = 'open' AND key <> ? ORDER BY changed_ms LIMIT ?`
    return this.database.all(sql, traceId, exceptKey, limit).map(storedIncident)
  }

  /** Incidents in some states by when they last changed, the newest first. */
  list(states: readonly IncidentHead['state'][], limit: number): readonly StoredIncident[] {
    const sql = `SELECT key, head FROM incidents WHERE state IN (SELECT value FROM json_each(?))
      ORDER BY changed_ms DESC, key LIMIT ?`
    return this.database.all(sql, JSON.stringify(states), limit).map(storedIncident)
  }

  /** Incidents that have opened once and whose keys begin so. */
  keyed(prefix: string, limit: number): readonly StoredIncident[] {
    // No hexadecimal digit comes after `g`.
    const sql = `SELECT key, head FROM incidents WHERE key >= ? AND key < ? || 'g' AND state <> 'none'
      ORDER BY key LIMIT ?`
    return this.database.all(sql, prefix, prefix, limit).map(storedIncident)
  }

  /** How many incidents are open, by rule and severity. */
  countOpen(): readonly { readonly rule: string; readonly severity: string; readonly count: number }[] {
    const sql = `SELECT rule, severity, count(*) AS count FROM incidents
      WHERE state = 'open' GROUP BY rule, severity`
    return this.database.all(sql).map((row) => ({
      rule: String(row.rule),
      severity: String(row.severity),
      count: Number(row.count),
    }))
  }

  /** Removes what has had its time, as part of the write under way. */
  removeOld(beforeMs: number, exerciseBeforeMs: number): void {
    this.database.run('DELETE FROM rule_exercise WHERE minute_ms < ?', exerciseBeforeMs)
    const kept = "SELECT key FROM incidents WHERE state = 'open'"
    this.database.run(`DELETE FROM incident_members WHERE fired_ms < ? AND key NOT IN (${kept})`, beforeMs)
    const crowded = `SELECT key FROM incident_members GROUP BY key HAVING count(*) > ${2 * MAX_COUNTED}`
    for (const { key } of this.database.all(crowded)) {
      const oldest = `SELECT fired_ms FROM incident_members WHERE key = ? ORDER BY fired_ms DESC LIMIT 1 OFFSET ${MAX_COUNTED}`
      const fromMs = Number(this.database.get(oldest, String(key))?.fired_ms)
      // Counts go no further than that.
      this.database.run('DELETE FROM incident_members WHERE key = ? AND fired_ms < ?', String(key), fromMs)
    }
    this.database.run("DELETE FROM incidents WHERE state <> 'open' AND changed_ms < ? AND look_ms IS NULL", beforeMs)
    const isFlood = `key = '${FLOOD}'`
    this.database.run(`DELETE FROM incident_deliveries WHERE key NOT IN (SELECT key FROM incidents) AND NOT ${isFlood}`)
    const floods = `DELETE FROM incident_deliveries WHERE ${isFlood} AND notified = 'resolved' AND notified_ms < ?`
    this.database.run(floods, beforeMs)
  }

  private minutes(key: string, rule: string, fromMs: number): readonly RuleMinute[] {
    const minutes = new Map<number, RuleMinute>()
    const firstMs = Math.ceil(fromMs / MINUTE_MS) * MINUTE_MS
    const exercised = 'SELECT minute_ms, exercised FROM rule_exercise WHERE rule = ? AND minute_ms >= ?'
    for (const row of this.database.all(exercised, rule, firstMs)) {
      const minuteMs = Number(row.minute_ms)
      minutes.set(minuteMs, { minuteMs, exercised: Number(row.exercised), broken: 0 })
    }
    const broken = `SELECT fired_ms / ${MINUTE_MS} * ${MINUTE_MS} AS minute_ms, count(DISTINCT trace_id) AS broken
      FROM incident_members WHERE key = ? AND fired_ms >= ? AND retracted = 0 GROUP BY 1`
    for (const row of this.database.all(broken, key, firstMs)) {
      const minuteMs = Number(row.minute_ms)
      const { exercised: count = 0 } = minutes.get(minuteMs) ?? {}
      minutes.set(minuteMs, { minuteMs, exercised: count, broken: Number(row.broken) })
    }
    return [...minutes.values()]
  }
}

function headOf({ head }: Row): IncidentHead {
  return JSON.parse(String(head)) as IncidentHead
}

function storedIncident(row: Row): StoredIncident {
  return { key: String(row.key), head: headOf(row) }
}
