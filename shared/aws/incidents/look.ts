import { MINUTE_MS, startOfMinute } from '../../incidents/alert-condition.ts'
import { endIfOver } from '../../incidents/end-incident.ts'
import { type IncidentHead, isOpen } from '../../incidents/incident.ts'
import { openIfWatched } from '../../incidents/open-incident.ts'
import { oneByOne } from '../../incidents/store-steps.ts'
import type { SqsTimers } from '../buffer/sqs-timers.ts'
import type { IncidentTimer } from '../buffer/timer-message.ts'
import type { DynamoIncidents } from './dynamo-incidents.ts'
import type { IncidentCheck, IncidentChecks } from './incident-checks.ts'
import { type IncidentRules, incidentContext } from './incident-context.ts'

/** What a look at an incident needs. */
export interface LookDeps extends IncidentRules {
  readonly incidents: DynamoIncidents
  readonly checks: IncidentChecks
  readonly timers: Pick<SqsTimers, 'arm'>
}

/** What became of a timer: it came too early, another one comes later, or the incident was looked at. */
export type Looked = 'early' | 'superseded' | 'looked'

/**
 * Ends an incident that is over, or opens one that is watched; else arms the next look. A timer that came twice, or for an
 * older version, changes nothing: of several for one incident one goes on.
 */
export async function lookAtIncident(deps: LookDeps, timer: IncidentTimer): Promise<Looked> {
  const { checks, timers, clock } = deps
  const { key, version } = timer
  if (timer.dueAtMs > clock()) {
    await timers.arm([timer])
    return 'early'
  }
  if (((await checks.dueAtMs(key)) ?? 0) > clock()) return 'superseded'
  const dueAtMs = await nextLookMs(deps, timer)
  if (dueAtMs === undefined) await checks.end(key, version)
  else await armCheck(deps, { key, version, dueAtMs })
  return 'looked'
}

/** Arms a look, unless a newer version has one. Noted first: a timer that is never sent is missed, not forgotten. */
export async function armCheck(
  { checks, timers }: Pick<LookDeps, 'checks' | 'timers'>,
  check: IncidentCheck,
): Promise<void> {
  if (await checks.set(check)) await timers.arm([{ kind: 'incident', ...check, attempt: 0 }])
}

/** When an incident has to be looked at after it changed; undefined where nobody has to. */
export function firstLookMs({ state, changedAtMs, quietMs, watch }: IncidentHead, nowMs: number): number | undefined {
  switch (state) {
    case 'open':
      return changedAtMs + quietMs
    case 'resolving':
      return nowMs
    default: {
      const nextMs = startOfMinute(nowMs) + MINUTE_MS
      return watch !== undefined && nextMs <= watch.untilMs ? nextMs : undefined
    }
  }
}

async function nextLookMs(deps: LookDeps, { key, version }: IncidentTimer): Promise<number | undefined> {
  const { incidents } = deps
  const context = await incidentContext(deps)
  const head = await incidents.readHead(key)
  // A newer version has a look of its own.
  if (head === undefined || head.version !== version) return undefined
  if (isOpen(head)) {
    return oneByOne(endIfOver(key, version, context), incidents)
  }
  await oneByOne(openIfWatched(key, context), incidents)
  const next = await incidents.readHead(key)
  return next?.version === version ? firstLookMs(next, context.nowMs) : undefined
}
