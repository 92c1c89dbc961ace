import type { Clock, Timer, Timers } from '../../shared/pipeline/ports.ts'
import { FairOrder } from '../fairness/fair-order.ts'
import type { Database, Row } from './database.ts'

/** A timer that was handed out: done with once it is acknowledged, else handed out again. */
export interface DueTimer {
  readonly id: number
  readonly timer: Timer
  /** What the trace takes in memory, in bytes. */
  readonly sizeBytes: number
}

/** How much is handed out at a time. */
export interface Portion {
  /** Those that have due timers. */
  readonly flows: readonly number[]
  readonly timers: number
  /** The most that all of them may cost (`costOf`); the last may exceed it. */
  readonly cost: number
  /** How much memory the trace of a timer takes while it is judged. */
  readonly sizeBytes: (timer: Timer) => number
}

/** Where one flow stands. */
export interface FlowState {
  readonly flow: number
  /** When its next timer can be handed out. */
  readonly nextMs: number
}

/** Told how many more timers of a flow wait, or with a negative number how many fewer. */
export type OnWaiting = (flow: number, change: number) => void

/** What judging an empty trace costs, in bytes of a larger one: 200 us are 5 KB. */
const TRACE_COST = 4_096
/** A trace of no more bytes than its other cost takes one turn. */
const QUANTUM = 2 * TRACE_COST
/** Due timers of a flow that are read at once, at least. */
const PAGE = 4

/** The flow of timers that no sender waits for: what an earlier version left. */
const NO_FLOW = 0

/**
 * Timers in SQLite: at least once, each hidden from others while one evaluator handles it. The flows of due timers take
 * turns, so that nobody waits for the traces of another.
 */
export class SqliteTimers implements Timers {
  private readonly database: Database
  private readonly clock: Clock
  private readonly onWaiting: OnWaiting
  private readonly order = new FairOrder(QUANTUM)

  constructor(database: Database, clock: Clock, onWaiting: OnWaiting = () => {}) {
    this.database = database
    this.clock = clock
    this.onWaiting = onWaiting
  }

  async arm(timers: readonly Timer[]): Promise<void> {
    await this.database.writeRepeatable(() => {
      for (const timer of timers) insertTimer(this.database, timer)
    })
    for (const timer of timers) this.onWaiting(flowOf(timer), 1)
  }

  async bury(timer: Timer, reason: string): Promise<void> {
    const sql = 'INSERT INTO buried_timers (buried_ms, reason, timer) VALUES (?, ?, ?)'
    await this.database.writeRepeatable(() => this.database.run(sql, this.clock(), reason, timerText(timer)))
  }

  /** Arms again every timer that was buried; returns how many there were. */
  async redrive(): Promise<number> {
    return this.database.write(() => {
      const rows = this.database.all('DELETE FROM buried_timers RETURNING timer')
      for (const { timer } of rows) insertTimer(this.database, { ...JSON.parse(String(timer)), attempt: 0 } as Timer)
      return rows.length
    })
  }

  /** Hands out a portion of the timers that are due, and hides them for `visibilityMs`. */
  takeDue(portion: Portion, visibilityMs: number): Promise<readonly DueTimer[]> {
    const nowMs = this.clock()
    return this.database.writeRepeatable(() => {
      const taken = this.pick(portion, nowMs)
      const hide = 'UPDATE timers SET visible_ms = ? WHERE id = ?'
      for (const { id } of taken) this.database.run(hide, nowMs + visibilityMs, id)
      return taken
    })
  }

  /** Forgets timers that were handled. */
  async acknowledge(timers: readonly DueTimer[]): Promise<void> {
    await this.database.writeRepeatable(() => {
      for (const { id } of timers) this.database.run('DELETE FROM timers WHERE id = ?', id)
    })
    for (const { timer } of timers) this.onWaiting(flowOf(timer), -1)
  }

  /** Shows at once every timer that was handed out: for a start after a crash. */
  async showAll(): Promise<void> {
    const sql = `UPDATE timers SET visible_ms = json_extract(timer, '$.dueAtMs')`
    await this.database.write(() => this.database.run(sql))
  }

  /** Shows at once, as if they had never failed, timers that failed, were buried for it, or could not be set back. */
  async wake(): Promise<number> {
    const sql = `UPDATE timers SET visible_ms = ?, timer = json_set(timer, '$.attempt', 0, '$.dueAtMs', ?)
      WHERE json_extract(timer, '$.attempt') > 0 OR visible_ms > json_extract(timer, '$.dueAtMs')`
    const nowMs = this.clock()
    const buried = await this.redrive()
    return buried + (await this.database.write(() => this.database.run(sql, nowMs, nowMs)))
  }

  /** Every flow that has timers. One step of the index a flow, however many timers it has. */
  flows(): readonly FlowState[] {
    const sql = `WITH RECURSIVE found(flow) AS (
        SELECT min(flow) FROM timers
        UNION ALL SELECT (SELECT min(flow) FROM timers WHERE flow > found.flow) FROM found WHERE found.flow IS NOT NULL)
      SELECT flow, (SELECT min(visible_ms) FROM timers WHERE timers.flow = found.flow) AS next_ms
      FROM found WHERE flow IS NOT NULL`
    return this.database.all(sql).map((row) => ({ flow: Number(row.flow), nextMs: Number(row.next_ms) }))
  }

  /** How many timers wait, and how many were set aside. */
  counts(): { readonly waiting: number; readonly buried: number } {
    const sql = `SELECT (SELECT count(*) FROM timers) AS waiting, (SELECT count(*) FROM buried_timers) AS buried`
    const row = this.database.get(sql)
    return { waiting: Number(row?.waiting), buried: Number(row?.buried) }
  }

  private pick({ flows, timers, cost, sizeBytes }: Portion, nowMs: number): readonly DueTimer[] {
    const page = Math.max(PAGE, Math.ceil(timers / flows.length))
    const queues = new Map(flows.map((flow) => [flow, this.dueOf(flow, nowMs, page, sizeBytes)]))
    const taken: DueTimer[] = []
    let spent = 0
    for (const next of this.order.take(queues, costOf)) {
      taken.push(next)
      spent += costOf(next)
      if (taken.length >= timers || spent >= cost) break
    }
    return taken
  }

  /** The timers of a flow that are due, those that wait longest first. */
  private *dueOf(
    flow: number,
    nowMs: number,
    page: number,
    sizeBytes: Portion['sizeBytes'],
  ): Generator<DueTimer, undefined> {
    const sql = `SELECT id, visible_ms, timer FROM timers WHERE flow = ? AND (visible_ms, id) > (?, ?) AND visible_ms <= ?
      ORDER BY visible_ms, id LIMIT ?`
    for (let last: Row | undefined; ; ) {
      const [afterMs, afterId] = [Number(last?.visible_ms ?? -Infinity), Number(last?.id ?? 0)]
      const rows = this.database.all(sql, flow, afterMs, afterId, nowMs, page)
      for (const row of rows) {
        const timer = timerOf(String(row.timer), flow)
        yield { id: Number(row.id), timer, sizeBytes: sizeBytes(timer) }
      }
      if (rows.length < page) return
      last = rows.at(-1)
    }
  }
}

/** The highest flow that has timers. */
export function lastFlow(database: Database): number {
  return Number(database.get('SELECT max(flow) AS flow FROM timers')?.flow ?? NO_FLOW)
}

/** What judging the trace of a timer costs, in bytes. */
export function costOf({ sizeBytes }: DueTimer): number {
  return sizeBytes + TRACE_COST
}

/** Stores a timer as part of the write under way. */
export function insertTimer(database: Database, timer: Timer): void {
  const sql = 'INSERT INTO timers (visible_ms, timer, flow) VALUES (?, ?, ?)'
  database.run(sql, timer.dueAtMs, timerText(timer), flowOf(timer))
}

function flowOf(timer: Timer): number {
  return timer.kind === 'trace' ? (timer.flow ?? NO_FLOW) : NO_FLOW
}

/** The flow has a column of its own; a timer that was set aside outlives its meaning. */
function timerText(timer: Timer): string {
  return JSON.stringify({ ...timer, flow: undefined })
}

function timerOf(text: string, flow: number): Timer {
  const timer = JSON.parse(text) as Timer
  return timer.kind === 'trace' && flow !== NO_FLOW ? { ...timer, flow } : timer
}
