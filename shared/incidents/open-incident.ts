import type { SignalEvent, SignalGroup } from '../pipeline/signal.ts'
import type { AlertCondition, Severity } from '../rules/ast.ts'
import { isWorse } from '../rules/read/header.ts'
import { heldUntilMs, lookBackMs, MINUTE_MS } from './alert-condition.ts'
import type { IncidentContext } from './context.ts'
import { endIfOver } from './end-incident.ts'
import {
  type IncidentHead,
  type IncidentSubject,
  incidentKey,
  incidentMember,
  incidentSubject,
  MORE_GROUPS,
} from './incident.ts'
import { type Protocol, store } from './store-steps.ts'

const DAY_MS = 24 * 3_600_000
const MAX_OPENINGS = 20

/** Takes a live signal in that begins to fire, or was retracted. To be repeated until it was done once; may be done again. */
export function* takeSignal(event: SignalEvent, context: IncidentContext): Protocol<void> {
  if (event.status === 'firing') yield* fire(event, context)
  else if (event.status === 'retracted') yield* retract(event, context)
}

function* fire(event: SignalEvent, context: IncidentContext): Protocol<void> {
  const { signal: rule } = event.data
  const group = yield* groupFor(rule, event.data.group, context)
  const key = incidentKey(rule, group)
  const before = yield* store.putMember(key, incidentMember(event))
  // An old delivery of what was retracted since.
  if (before?.retracted === true) return
  yield* open(key, incidentSubject(event, group), context)
}

function* retract(event: SignalEvent, context: IncidentContext): Protocol<void> {
  const { signal: rule, group, firedAt } = event.data
  if (firedAt === undefined) return
  const firedAtMs = Date.parse(firedAt)
  for (const each of group === undefined ? [undefined] : [group, MORE_GROUPS]) {
    const key = incidentKey(rule, each)
    if (!(yield* store.retractMember(key, event.signalid, firedAtMs))) continue
    // More spans are on their way, and the rule may yet break again: the regular look decides.
    if (event.data.complete) yield* endIfOver(key, undefined, context)
    return
  }
}

/** The group that a signal counts in: past the bound on open groups, one for all others. */
function* groupFor(
  rule: string,
  group: SignalGroup | undefined,
  { settings }: IncidentContext,
): Protocol<SignalGroup | undefined> {
  if (group === undefined) return undefined
  const head = yield* store.readHead(incidentKey(rule, group))
  if (head !== undefined) return group
  return (yield* store.openGroups(rule)) < settings.maxGroups ? group : MORE_GROUPS
}

/** Opens an incident where its condition holds, unless it is open. The member must be stored before: the last of several sees all. */
function* open(key: string, subject: IncidentSubject, context: IncidentContext): Protocol<void> {
  for (;;) {
    const head = yield* store.readHead(key)
    const next = yield* opened(key, head, subject, context)
    if (next === undefined || (yield* store.writeHead(key, next))) return
  }
}

function* opened(
  key: string,
  head: IncidentHead | undefined,
  subject: IncidentSubject,
  context: IncidentContext,
): Protocol<IncidentHead | undefined> {
  const { nowMs, settings } = context
  if (head?.state === 'open') return withSeverity(head, subject.severity)
  if (head?.state === 'resolving') return { ...head, version: head.version + 1, state: 'open', changedAtMs: nowMs }
  if (head !== undefined && isPartOfTheEnded(head, subject.first.atMs, nowMs)) return undefined
  const alert = context.ruleOf(subject.rule)?.alert ?? { kind: 'each' }
  const quietMs = head?.quietMs ?? settings.quietMs
  if (alert.kind !== 'each') {
    const facts = yield* store.facts(key, subject.rule, alert, nowMs - lookBackMs(alert, 0))
    const untilMs = heldUntilMs(alert, facts, nowMs)
    if (untilMs === undefined || untilMs <= nowMs) return watched(head, subject, alert, nowMs, quietMs)
  }
  return nextOpening(head, subject, alert, context)
}

/** A late signal that fired before the end, and has been quiet since. */
function isPartOfTheEnded({ ended, toMs = 0, quietMs }: IncidentHead, firedMs: number, nowMs: number): boolean {
  return ended === 'held' && firedMs <= toMs && firedMs + quietMs <= nowMs
}

function withSeverity(head: IncidentHead, severity: Severity): IncidentHead | undefined {
  if (!isWorse(severity, head.about.severity)) return undefined
  return { ...head, version: head.version + 1, about: { ...head.about, severity } }
}

/** Opens an incident that is watched, if its condition holds by now. */
export function* openIfWatched(key: string, context: IncidentContext): Protocol<void> {
  const watch = (yield* store.readHead(key))?.watch
  if (watch !== undefined) yield* open(key, watch.about, context)
}

/** A share is known when its minute is over, and perhaps no signal comes then: somebody has to look. */
function watched(
  head: IncidentHead | undefined,
  about: IncidentSubject,
  alert: AlertCondition,
  nowMs: number,
  quietMs: number,
): IncidentHead | undefined {
  if (alert.kind !== 'share') return undefined
  const leastMs = about.first.atMs + alert.windowMs + 2 * MINUTE_MS
  if (head?.watch !== undefined && head.watch.untilMs >= leastMs) return undefined
  // Longer, so that it is not written for each signal.
  const watch = { untilMs: leastMs + alert.windowMs, about }
  if (head !== undefined) return { ...head, version: head.version + 1, watch }
  const none = { state: 'none', episode: 0, opening: 0, fromMs: 0, openedAtMs: nowMs, changedAtMs: nowMs } as const
  return { ...none, version: 1, quietMs, openings: [], alert, about, watch }
}

function nextOpening(
  head: IncidentHead | undefined,
  about: IncidentSubject,
  alert: AlertCondition,
  { settings, nowMs }: IncidentContext,
): IncidentHead {
  const before = (head?.openings ?? []).filter((ms) => ms > nowMs - DAY_MS)
  const openings = [...before, nowMs].slice(-MAX_OPENINGS)
  // One that opens again and again settles.
  const quietMs = settings.quietMs * Math.min(8, 2 ** (openings.length - 1))
  const opening = { version: (head?.version ?? 0) + 1, state: 'open', openedAtMs: nowMs, changedAtMs: nowMs } as const
  const common = { ...opening, quietMs, openings, alert }
  if (head === undefined || head.state === 'none') return { ...common, episode: 1, opening: 1, fromMs: 0, about }
  const goesOn = nowMs - head.changedAtMs <= Math.max(settings.cooldownMs, head.quietMs)
  if (goesOn) {
    // The subject does not change: receivers know the incident by it.
    const severity = isWorse(about.severity, head.about.severity) ? about.severity : head.about.severity
    const { episode, fromMs } = head
    return { ...common, episode, opening: head.opening + 1, fromMs, about: { ...head.about, severity } }
  }
  // From the end of the episode before: one that fired a moment before the opener belongs to this one, too.
  return { ...common, episode: head.episode + 1, opening: 1, fromMs: (head.toMs ?? 0) + 1, about }
}
