import { heldUntilMs, lookBackMs, startOfMinute } from './alert-condition.ts'
import type { IncidentContext } from './context.ts'
import { type EndReason, type HandEnd, type IncidentHead, isOpen } from './incident.ts'
import { type Protocol, store } from './store-steps.ts'

const DAY_MS = 24 * 3_600_000
/** Where only exercise is missing it is looked for so often. */
const LOOK_AGAIN_MS = 60_000
const MIN_HELD = 3
const MAX_HELD = 300

/** What a look at an incident says: why it is over, or when to look again. */
type Look = { readonly ended: EndReason } | { readonly againMs: number }

/**
 * Looks at an incident, and ends it where it is over. `version`: of the change that asked for this look; a newer change has a
 * look of its own. Returns when to look again; undefined where nobody has to.
 */
export function* endIfOver(
  key: string,
  version: number | undefined,
  context: IncidentContext,
): Protocol<number | undefined> {
  let head = yield* store.readHead(key)
  if (head === undefined || !isOpen(head)) return undefined
  if (version !== undefined && head.version !== version) return undefined
  const look = yield* lookAt(key, head, context)
  if (head.state === 'open') {
    if ('againMs' in look) return look.againMs
    if (!context.atomic) {
      // In two steps: whoever takes a signal in meanwhile sees that it is about to end, and opens it again.
      const resolving = changed(head, context, 'resolving')
      if (!(yield* store.writeHead(key, resolving))) return undefined
      head = resolving
    }
  }
  const last = context.atomic ? look : yield* lookAt(key, head, context)
  const next = 'ended' in last ? resolved(head, context, last.ended) : changed(head, context, 'open')
  yield* store.writeHead(key, next)
  return undefined
}

/** Ends an open incident because a person says so; false where it is not open. */
export function* endByHand(key: string, context: Pick<IncidentContext, 'nowMs'>, hand?: HandEnd): Protocol<boolean> {
  for (;;) {
    const head = yield* store.readHead(key)
    if (head === undefined || !isOpen(head)) return false
    const ended = { ...resolved(head, context, 'by-hand'), ...(hand !== undefined && { hand }) }
    if (yield* store.writeHead(key, ended)) return true
  }
}

function* lookAt(key: string, head: IncidentHead, context: IncidentContext): Protocol<Look> {
  const { nowMs } = context
  const { rule } = head.about
  if (context.ruleOf(rule) === undefined) return { ended: 'removed' }
  const live = yield* store.liveMembers(key, head.fromMs)
  if (live.newestMs === undefined) return { ended: 'withdrawn' }
  const untilMs = yield* brokenUntilMs(key, head, live.newestMs, nowMs)
  if (untilMs + head.quietMs > nowMs) return { againMs: untilMs + head.quietMs }
  const since = yield* store.exercise(rule, live.newestMs)
  const inAll = yield* store.exercise(rule, startOfMinute(head.openedAtMs) - 1)
  if (since.held >= neededToHold(live.count, inAll.exercised - since.exercised)) return { ended: 'held' }
  const unknownMs = live.newestMs + DAY_MS
  return unknownMs <= nowMs ? { ended: 'unexercised' } : { againMs: Math.min(nowMs + LOOK_AGAIN_MS, unknownMs) }
}

/** Until when the condition held that opened it. */
function* brokenUntilMs(key: string, head: IncidentHead, newestMs: number, nowMs: number): Protocol<number> {
  const { alert, about } = head
  if (alert.kind === 'each') return newestMs
  const facts = yield* store.facts(key, about.rule, alert, nowMs - lookBackMs(alert, head.quietMs))
  return heldUntilMs(alert, facts, nowMs) ?? 0
}

/** Traces that must keep the rule: three times as many as it took, while it was broken, for one to break it. */
function neededToHold(broken: number, exercised: number): number {
  const tracesForOne = Math.max(1, exercised / broken)
  return Math.min(MAX_HELD, Math.ceil(MIN_HELD * tracesForOne))
}

function changed(head: IncidentHead, { nowMs }: IncidentContext, state: 'open' | 'resolving'): IncidentHead {
  return { ...head, version: head.version + 1, state, changedAtMs: nowMs }
}

function resolved(head: IncidentHead, { nowMs }: Pick<IncidentContext, 'nowMs'>, ended: EndReason): IncidentHead {
  return { ...head, version: head.version + 1, state: 'resolved', toMs: nowMs, changedAtMs: nowMs, ended }
}
