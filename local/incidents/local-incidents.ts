import { MINUTE_MS, startOfMinute } from '../../shared/incidents/alert-condition.ts'
import type { IncidentContext, IncidentSettings } from '../../shared/incidents/context.ts'
import { endByHand, endIfOver } from '../../shared/incidents/end-incident.ts'
import { ExerciseTally } from '../../shared/incidents/exercise-tally.ts'
import type { HandEnd, StoredIncident } from '../../shared/incidents/incident.ts'
import { openIfWatched, takeSignal } from '../../shared/incidents/open-incident.ts'
import { rulesInForce } from '../../shared/incidents/rules-in-force.ts'
import { atOnce } from '../../shared/incidents/store-steps.ts'
import type { Clock, ExercisedRule, IncidentLedger, RuleSet } from '../../shared/pipeline/ports.ts'
import type { SignalEvent } from '../../shared/pipeline/signal.ts'
import type { Database } from '../sqlite/database.ts'
import type { SqliteIncidents } from '../sqlite/sqlite-incidents.ts'

/** Incidents looked at in one transaction. */
const MAX_LOOKS = 128
/** What is known of the exercise of rules is written so often; what is lost in a crash delays an end. */
const EXERCISE_MS = 5_000

export interface LocalIncidentsDeps {
  readonly database: Database
  readonly store: SqliteIncidents
  readonly clock: Clock
  readonly rules: () => RuleSet
  readonly settings: IncidentSettings
}

/** The incidents of this process: takes signals in, and ends what is over. */
export class LocalIncidents implements IncidentLedger {
  readonly tally = new ExerciseTally()
  private readonly deps: LocalIncidentsDeps
  private readonly violated = new Map<string, number>()
  private flushedMs = 0

  constructor(deps: LocalIncidentsDeps) {
    this.deps = deps
  }

  async take(signals: readonly SignalEvent[]): Promise<void> {
    const { database, store } = this.deps
    const context = this.context()
    await database.writeRepeatable(() => {
      for (const signal of signals) atOnce(takeSignal(signal, context), store)
    }, 2 * signals.length)
    for (const { status, data } of signals) {
      if (status === 'firing') this.violated.set(data.signal, this.violations(data.signal) + 1)
    }
  }

  /** Signals of a rule that began to fire since the start of the process. */
  violations(rule: string): number {
    return this.violated.get(rule) ?? 0
  }

  countExercise(rules: readonly ExercisedRule[]): void {
    this.tally.count(rules, this.deps.clock())
  }

  /** Ends and opens by the clock what is due; to be called every second or so. */
  async runDue(): Promise<void> {
    const { store, clock } = this.deps
    if (clock() >= this.flushedMs + EXERCISE_MS || clock() < this.flushedMs) await this.flush()
    for (;;) {
      const due = store.toLookAt(clock(), MAX_LOOKS)
      if (due.length > 0) await this.look(due)
      if (due.length < MAX_LOOKS) return
    }
  }

  /** Ends an incident because a person says so; false where it is not open. */
  endByHand(key: string, hand?: HandEnd): Promise<boolean> {
    const { database, store } = this.deps
    // A person gets the answer that it is done: it must outlive a loss of power.
    return database.write(() => atOnce(endByHand(key, this.context(), hand), store))
  }

  /** Writes down what was counted in memory. */
  async flush(): Promise<void> {
    this.flushedMs = this.deps.clock()
    const minutes = this.tally.take()
    if (minutes.length === 0) return
    try {
      await this.deps.store.addExercise(minutes)
    } catch (error) {
      this.tally.giveBack(minutes)
      throw error
    }
  }

  private async look(due: readonly StoredIncident[]): Promise<void> {
    const { database, store } = this.deps
    const context = this.context()
    await database.writeRepeatable(() => {
      for (const { key } of due) store.setLook(key, this.lookAt(key, context))
    }, due.length)
  }

  /** Returns when to look again. */
  private lookAt(key: string, context: IncidentContext): number | undefined {
    const { store } = this.deps
    const untilMs = store.readHead(key)?.watch?.untilMs
    if (untilMs === undefined) return atOnce(endIfOver(key, undefined, context), store)
    atOnce(openIfWatched(key, context), store)
    if (store.readHead(key)?.state === 'open') return context.nowMs
    const nextMs = startOfMinute(context.nowMs) + MINUTE_MS
    return nextMs <= untilMs ? nextMs : undefined
  }

  private context(): IncidentContext {
    const { settings, clock } = this.deps
    const rules = rulesInForce(this.deps.rules())
    return { settings, nowMs: clock(), atomic: true, ruleOf: (rule) => rules.get(rule) }
  }
}
