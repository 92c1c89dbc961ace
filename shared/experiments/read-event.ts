import * as v from 'valibot'
import type { ExperimentEvent } from '../pipeline/experiment.ts'
import { experimentError } from './errors.ts'
import { DETAILS, defined, experimentId, parsed, timeMs, word } from './fields.ts'
import { fisEvent, isFisEvent } from './fis.ts'
import { gremlinEvent, isGremlinPayload } from './gremlin.ts'

const own = v.strictObject({
  action: v.picklist(['start', 'stop'], 'write "start" or "stop"'),
  id: v.optional(experimentId),
  at: v.optional(v.union([v.string(), v.number()])),
  outcome: v.optional(word),
  ...DETAILS,
})

/** What reading an event needs to know. */
export interface ReadingContext {
  readonly nowMs: number
  /** Makes the id of an experiment that is started without one. */
  readonly newId: () => string
}

const OWN_HINT =
  'post {"action": "start" or "stop", "id": "…", "name": "…", "at": time, "labels": {…}, "services": […], "rules": […], "tolerate": {"RULE": 0.005}, "baseline": "-1d"}, or the template for Gremlin in docs/chaos.md'

/**
 * Reads what was posted about an experiment: our own format, Gremlin's webhook template, or an event of AWS FIS. Throws
 * an InputError that says what to write.
 */
export function readExperimentEvent(body: string, context: ReadingContext): ExperimentEvent {
  const posted = parseJson(body)
  if (isFisEvent(posted)) return fisEvent(posted, context.nowMs)
  if (isGremlinPayload(posted)) return gremlinEvent(posted, context.nowMs)
  return ownEvent(posted, context)
}

function ownEvent(posted: object, { nowMs, newId }: ReadingContext): ExperimentEvent {
  const { action, id, at, baseline: baselineAgoMs, ...details } = parsed(own, posted, OWN_HINT)
  if (action === 'stop' && id === undefined) {
    throw experimentError('bad-experiment', 'the id of the experiment to stop is missing', OWN_HINT)
  }
  const atMs = at === undefined ? undefined : timeMs(at)
  if (at !== undefined && atMs === undefined) {
    const hint = 'write an ISO time such as 2025-10-01T12:00:00Z, or milliseconds since 1970'
    throw experimentError('bad-experiment', `at is ${JSON.stringify(at)}, which is not a time`, hint)
  }
  return {
    experiment: id ?? newId(),
    kind: action === 'start' ? 'started' : 'ended',
    ...defined({ atMs }),
    receivedAtMs: nowMs,
    source: 'api',
    ...defined({ ...details, baselineAgoMs }),
  }
}

function parseJson(body: string): object {
  try {
    const posted: unknown = JSON.parse(body)
    if (typeof posted === 'object' && posted !== null && !Array.isArray(posted)) return posted
  } catch {
    // Said below, without the text: it may hold anything.
  }
  throw experimentError('not-json', 'the body is not a JSON object', OWN_HINT)
}
