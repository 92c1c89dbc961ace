import type { RuleInForce } from '../../../shared/incidents/context.ts'
import { type IncidentHead, incidentKey } from '../../../shared/incidents/incident.ts'
import type { SignalEvent } from '../../../shared/pipeline/signal.ts'
import { heldEnough, heldUntil, type RecordedExercise, type RecordedSignal } from './oracle.ts'
import { KEYS, RULES } from './plan.ts'

/** An end of an opening. */
export interface Ended {
  readonly head: IncidentHead
  /** Live signals of the episode that had been taken in by then. */
  readonly live: number
}

/** What one process knows when it does a step. */
export interface Knowledge {
  /** The time that its protocol goes by. */
  nowMs: number
  /** Until when the condition held by the oracle, when the process asked. */
  heldUntilMs?: number
  /** Live signals of the episode when the process asked. */
  live?: readonly RecordedSignal[]
  /** Whether the rule was kept often enough by the oracle, when the process asked. */
  heldEnough?: boolean
  /** The turn in which it stored a signal, and whether the condition held then. */
  stored?: { readonly turn: number; readonly holds: boolean; readonly retractions: number }
}

/** Records what is stored and when incidents open and end, and notes where that is not what the oracle says. */
export class Observer {
  readonly broken: string[] = []
  readonly ends = new Map<string, Ended[]>()
  readonly openings = { each: 0, count: 0, share: 0 }
  readonly signals = new Map<string, RecordedSignal>()
  /** When a signal was taken in for the first time. */
  readonly taken = new Map<string, number>()
  readonly exercise = new Map<string, RecordedExercise[]>(RULES.map((rule) => [rule, []]))
  turn = 0
  private readonly rules: Readonly<Record<string, RuleInForce>>
  private readonly heads = new Map<string, IncidentHead>()
  /** The turn in which an incident was last seen open. */
  private readonly openTurn = new Map<string, number>()
  private retractions = 0

  constructor(rules: Readonly<Record<string, RuleInForce>>) {
    this.rules = rules
  }

  onMember(id: string, signal: RecordedSignal, known: Knowledge): void {
    if (!this.signals.has(id)) this.signals.set(id, signal)
    const { turn, retractions } = this
    const isEach = this.alertOf(signal.key).kind === 'each'
    known.stored = { turn, retractions, holds: isEach || this.untilMs(signal.key, known.nowMs) > known.nowMs }
  }

  onRetracted(id: string): void {
    this.retractions++
    const signal = this.signals.get(id)
    if (signal !== undefined) signal.retracted = true
  }

  onFacts(key: string, known: Knowledge): void {
    known.heldUntilMs = this.untilMs(key, known.nowMs)
  }

  onLive(key: string, known: Knowledge): void {
    known.live = this.live(key, this.heads.get(key)?.fromMs ?? 0)
  }

  onExercise(rule: string, known: Knowledge): void {
    const key = incidentKey(rule, undefined)
    const openedAtMs = this.heads.get(key)?.openedAtMs ?? 0
    known.heldEnough = heldEnough(known.live ?? [], this.exerciseOf(key), openedAtMs)
  }

  onHead(key: string, head: IncidentHead, known: Knowledge): void {
    const before = this.heads.get(key)
    const wasOpen = before?.state === 'open' || before?.state === 'resolving'
    const isOpen = head.state === 'open' || head.state === 'resolving'
    this.heads.set(key, head)
    if (wasOpen || isOpen) this.openTurn.set(key, this.turn)
    if (isOpen && !wasOpen) this.onOpening(key, head, known)
    if (wasOpen && !isOpen) this.onEnd(key, head, known)
  }

  /** A signal was taken in: where its condition held when it was stored, its incident opens. */
  onTaken(id: string, { data, time }: SignalEvent, { nowMs, stored }: Knowledge): void {
    if (!this.taken.has(id)) this.taken.set(id, nowMs)
    const key = incidentKey(data.signal, undefined)
    const isRetracted = this.signals.get(id)?.retracted === true
    if (stored === undefined || !stored.holds || isRetracted || stored.retractions !== this.retractions) return
    if (!this.wasOpenSince(key, stored.turn) && !this.isLate(key, Date.parse(time), nowMs)) {
      this.broken.push(`no incident of ${data.signal} opened though its condition held`)
    }
  }

  /** The turn, where the condition of an incident holds by signals that were all taken in. */
  holdsSince(key: string, nowMs: number): number | undefined {
    const { signals, taken } = this
    const known = [...signals].filter(([id, signal]) => signal.key === key && !signal.retracted && taken.has(id))
    const all = known.map(([, signal]) => signal)
    const head = this.heads.get(key)
    // What belongs to an episode that ended opens nothing.
    const late = head?.ended === 'held' ? (head.toMs ?? 0) : 0
    const open = all.filter(({ firedAtMs }) => firedAtMs > late)
    const alert = this.alertOf(key)
    return heldUntil(alert, open, this.exerciseOf(key), nowMs) > nowMs ? this.turn : undefined
  }

  /** Somebody looked at an incident whose condition held, so it is open. */
  onLooked(key: string, since: number | undefined, nowMs: number): void {
    if (since === undefined || this.holdsSince(key, nowMs) === undefined || this.wasOpenSince(key, since)) return
    this.broken.push('no incident opened though somebody looked while its condition held')
  }

  private onOpening(key: string, head: IncidentHead, { heldUntilMs, nowMs }: Knowledge): void {
    const { kind } = this.alertOf(key)
    this.openings[kind]++
    if (kind !== 'each' && !((heldUntilMs ?? 0) > nowMs))
      this.broken.push(`${head.about.rule} opened though its condition did not hold`)
  }

  private onEnd(key: string, head: IncidentHead, known: Knowledge): void {
    const taken = [...this.signals].filter(([id]) => this.taken.has(id)).map(([, signal]) => signal)
    const live = taken.filter((each) => each.key === key && !each.retracted && each.firedAtMs >= head.fromMs).length
    this.ends.set(key, [...(this.ends.get(key) ?? []), { head, live }])
    if (head.ended !== 'held') return
    if (known.heldEnough !== true) this.broken.push('it ended as held though the rule was not kept often enough')
    const isThreshold = this.alertOf(key).kind !== 'each'
    if (isThreshold && (known.heldUntilMs ?? 0) + head.quietMs > known.nowMs)
      this.broken.push('it ended as held though its condition held a moment before')
  }

  private wasOpenSince(key: string, turn: number): boolean {
    const state = this.heads.get(key)?.state
    return state === 'open' || state === 'resolving' || (this.openTurn.get(key) ?? -1) >= turn
  }

  /** A signal that fired before the end of an episode and has been quiet since is part of it. */
  private isLate(key: string, firedMs: number, nowMs: number): boolean {
    const head = this.heads.get(key)
    return head?.ended === 'held' && firedMs <= (head.toMs ?? 0) && firedMs + head.quietMs <= nowMs
  }

  private untilMs(key: string, nowMs: number): number {
    return heldUntil(this.alertOf(key), this.live(key, 0), this.exerciseOf(key), nowMs)
  }

  private live(key: string, fromMs: number): readonly RecordedSignal[] {
    return [...this.signals.values()].filter((each) => each.key === key && !each.retracted && each.firedAtMs >= fromMs)
  }

  private exerciseOf(key: string): readonly RecordedExercise[] {
    return this.exercise.get(ruleOf(key)) ?? []
  }

  private alertOf(key: string): RuleInForce['alert'] {
    return this.rules[ruleOf(key)]?.alert ?? { kind: 'each' }
  }
}

function ruleOf(key: string): string {
  return RULES[KEYS.indexOf(key)] ?? ''
}
