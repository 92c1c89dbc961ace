import * as v from 'valibot'
import type { HandEnd } from '../incident.ts'
import { matcherLine } from '../mutes/matcher-line.ts'
import type { StoredMute } from '../mutes/stored-mute.ts'
import { zonedTimeMs } from '../notify/read-mutes.ts'
import { MAX_MUTE_MS, matchesEverything } from '../routing/mutes.ts'
import { readMatcher } from '../routing/read-matcher.ts'
import { incidentError } from './errors.ts'

/** A text for people. */
const textUpTo = (most: number) => v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(most))

const WHY = textUpTo(500)
const BY = textUpTo(100)

const mute = v.strictObject({
  when: v.optional(v.string()),
  all: v.optional(v.boolean()),
  until: v.optional(v.string()),
  forMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  why: WHY,
  by: v.optional(BY),
})

const MUTE_HINT = 'post {"when": matcher, "forMs": milliseconds or "until": time, "why": "…", "by": "…"}'

/** Reads what was posted to make a mute. Throws an InputError that says what to write. */
export function readPostedMute(body: string, context: { readonly nowMs: number; readonly id: string }): StoredMute {
  const { when, all, until, forMs, why, by } = parsedBody(mute, body, 'bad-mute', MUTE_HINT)
  const { nowMs, id } = context
  checkMatcher(when, all === true)
  const untilMs = endOf(until, forMs, nowMs)
  return {
    id,
    ...(when !== undefined && { when: when.trim() }),
    untilMs,
    madeMs: nowMs,
    why,
    ...(by !== undefined && { by }),
  }
}

const end = v.strictObject({ why: WHY, by: v.optional(BY) })

/** Reads what was posted to end an incident. Throws an InputError that says what to write. */
export function readPostedEnd(body: string): HandEnd {
  const { why, by } = parsedBody(end, body, 'bad-end', 'post {"why": "…", "by": "…"}')
  return { why, ...(by !== undefined && { by }) }
}

function checkMatcher(when: string | undefined, isForAll: boolean): void {
  if (when === undefined) {
    if (isForAll) return
    const hint = 'add "when": "rule == NAME", or "all": true to hold back everything'
    throw incidentError('bad-mute', 'the mute does not say what it holds back', hint)
  }
  const { matcher, problems } = readMatcher(matcherLine(when))
  if (matcher === undefined) {
    const [first] = problems
    const place = first === undefined ? '' : ` (column ${first.range.start.column})`
    const hint = first?.hint ?? 'docs/reference/notify.md shows what a matcher reads'
    throw incidentError('bad-mute', `when: ${first?.message ?? 'this cannot be read'}${place}`, hint)
  }
  if (isForAll || !matchesEverything(matcher)) return
  throw incidentError('bad-mute', 'this holds back nearly everything', 'add "all": true (--all) if that is meant')
}

function endOf(until: string | undefined, forMs: number | undefined, nowMs: number): number {
  if ((until === undefined) === (forMs === undefined)) {
    throw incidentError('bad-mute', 'the mute does not say when it ends', 'give either "forMs" or "until"')
  }
  const untilMs = until === undefined ? nowMs + (forMs ?? 0) : zonedTimeMs(until)
  if (untilMs === undefined) {
    const hint = 'write 2026-12-01T08:00:00Z, or +01:00 in place of the Z'
    throw incidentError('bad-mute', 'until is not a time with its zone', hint)
  }
  if (untilMs <= nowMs) throw incidentError('bad-mute', 'the mute has ended already', 'give a later time')
  if (untilMs <= nowMs + MAX_MUTE_MS) return untilMs
  throw incidentError('bad-mute', 'a mute ends within 30 days', 'make it shorter, and once more when it ends')
}

/** Parses a body by a schema; throws an InputError that names every fault. */
function parsedBody<Schema extends v.GenericSchema>(
  schema: Schema,
  body: string,
  code: 'bad-mute' | 'bad-end',
  hint: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, jsonOf(body, hint))
  if (result.success) return result.output
  const faults = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'body'}: ${issue.message}`)
  throw incidentError(code, faults.join('; ').slice(0, 1_000), hint)
}

function jsonOf(body: string, hint: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    // Said without the text: it may hold anything.
    throw incidentError('not-json', 'the body is not JSON', hint)
  }
}
