import {
  type ConditionFacts,
  MINUTE_MS,
  type RuleMinute,
  startOfMinute,
} from '../../shared/incidents/alert-condition.ts'
import type { IncidentHead, IncidentMember } from '../../shared/incidents/incident.ts'
import type { ExerciseCounts, IncidentSteps, LiveMembers, MemberState } from '../../shared/incidents/store-steps.ts'
import type { AlertCondition } from '../../shared/rules/ast.ts'

interface StoredMember extends IncidentMember {
  retracted: boolean
}

const MOST_COUNTED = 10_000

/** A fake store of incidents for tests of the protocol: everything is in memory, each step is atomic. */
export class MemoryIncidents implements IncidentSteps {
  readonly heads = new Map<string, IncidentHead>()
  readonly members = new Map<string, Map<string, StoredMember>>()
  /** Of each rule, when it was exercised and whether it held. */
  readonly exercised = new Map<string, { readonly atMs: number; readonly held: boolean }[]>()
  /** Told of each head that was written. */
  onHead: (key: string, head: IncidentHead) => void = () => {}

  putMember(key: string, member: IncidentMember): MemberState | undefined {
    const members = this.members.get(key) ?? new Map<string, StoredMember>()
    this.members.set(key, members)
    const id = idOf(member.signalId, member.firedAtMs)
    const before = members.get(id)
    if (before === undefined) members.set(id, { ...member, retracted: false })
    return before && { retracted: before.retracted }
  }

  retractMember(key: string, signalId: string, firedAtMs: number): boolean {
    const member = this.members.get(key)?.get(idOf(signalId, firedAtMs))
    if (member !== undefined) member.retracted = true
    return member !== undefined
  }

  readHead(key: string): IncidentHead | undefined {
    return this.heads.get(key)
  }

  writeHead(key: string, head: IncidentHead): boolean {
    if ((this.heads.get(key)?.version ?? 0) !== head.version - 1) return false
    this.heads.set(key, head)
    this.onHead(key, head)
    return true
  }

  liveMembers(key: string, fromMs: number): LiveMembers {
    const times = this.liveTimes(key, fromMs)
    const [newestMs] = times
    return { count: Math.min(times.length, MOST_COUNTED), ...(newestMs !== undefined && { newestMs }) }
  }

  facts(key: string, rule: string, alert: AlertCondition, fromMs: number): ConditionFacts {
    const firedMs = this.liveTimes(key, fromMs)
    if (alert.kind !== 'share') return { firedMs, minutes: [] }
    const minutes = new Map<number, RuleMinute>()
    const add = (atMs: number, exercised: number, broken: number) => {
      const minuteMs = startOfMinute(atMs)
      const before = minutes.get(minuteMs) ?? { exercised: 0, broken: 0 }
      minutes.set(minuteMs, {
        minuteMs,
        exercised: before.exercised + exercised,
        broken: before.broken + broken,
      })
    }
    const firstMs = startOfMinute(fromMs) + (fromMs % MINUTE_MS === 0 ? 0 : MINUTE_MS)
    for (const { atMs } of this.exercised.get(rule) ?? []) if (atMs >= firstMs) add(atMs, 1, 0)
    for (const atMs of firedMs) if (atMs >= firstMs) add(atMs, 0, 1)
    return { firedMs: [], minutes: [...minutes.values()] }
  }

  exercise(rule: string, sinceMs: number): ExerciseCounts {
    const since = (this.exercised.get(rule) ?? []).filter(({ atMs }) => atMs > sinceMs)
    const last = since.at(-1)
    const held = since.filter((each) => each.held).length
    return { exercised: since.length, held, ...(last !== undefined && { lastMs: last.atMs }) }
  }

  openGroups(rule: string): number {
    const heads = [...this.heads.values()]
    return heads.filter(({ about, state }) => about.rule === rule && (state === 'open' || state === 'resolving')).length
  }

  private liveTimes(key: string, fromMs: number): readonly number[] {
    const live = [...(this.members.get(key)?.values() ?? [])].filter(
      ({ retracted, firedAtMs }) => !retracted && firedAtMs >= fromMs,
    )
    const newest = new Map<string, number>()
    for (const { traceId, firedAtMs } of live) newest.set(traceId, Math.max(firedAtMs, newest.get(traceId) ?? 0))
    return [...newest.values()].sort((a, b) => b - a)
  }
}

function idOf(signalId: string, firedAtMs: number): string {
  return `${firedAtMs}#${signalId}`
}
