import type { ExercisedRule } from '../pipeline/ports.ts'
import { startOfMinute } from './alert-condition.ts'

/** How often a rule was exercised in one minute, and how often it held then. */
export interface MinuteOfRule {
  readonly rule: string
  readonly minuteMs: number
  readonly exercised: number
  readonly held: number
}

interface Counts {
  exercised: number
  held: number
}

/** Counts in memory how often rules are exercised, minute by minute, until somebody writes that down. */
export class ExerciseTally {
  private readonly sums = new Map<string, Counts>()
  private minutes = new Map<number, Map<string, Counts>>()

  /** Counts the rules that one trace exercised. */
  count(rules: readonly ExercisedRule[], nowMs: number): void {
    if (rules.length === 0) return
    const minuteMs = startOfMinute(nowMs)
    let minute = this.minutes.get(minuteMs)
    if (minute === undefined) {
      minute = new Map()
      this.minutes.set(minuteMs, minute)
    }
    for (const { rule, held } of rules) {
      addTo(minute, rule, held)
      addTo(this.sums, rule, held)
    }
  }

  /** What was counted since this was asked for last. */
  take(): readonly MinuteOfRule[] {
    const taken = [...this.minutes].flatMap(([minuteMs, rules]) =>
      [...rules].map(([rule, counts]) => ({ rule, minuteMs, ...counts })),
    )
    this.minutes = new Map()
    return taken
  }

  /** Counts again what was taken and could not be written. */
  giveBack(minutes: readonly MinuteOfRule[]): void {
    for (const { rule, minuteMs, exercised, held } of minutes) {
      const rules = this.minutes.get(minuteMs) ?? new Map<string, Counts>()
      this.minutes.set(minuteMs, rules)
      const before = rules.get(rule) ?? { exercised: 0, held: 0 }
      rules.set(rule, { exercised: before.exercised + exercised, held: before.held + held })
    }
  }

  /** Traces that exercised a rule since the start of the process. */
  exercised(rule: string): number {
    return this.sums.get(rule)?.exercised ?? 0
  }
}

function addTo(counts: Map<string, Counts>, rule: string, held: boolean): void {
  const known = counts.get(rule)
  if (known === undefined) counts.set(rule, { exercised: 1, held: held ? 1 : 0 })
  else {
    known.exercised++
    if (held) known.held++
  }
}
