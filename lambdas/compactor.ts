import { randomUUID } from 'node:crypto'
import middy from '@middy/core'
import { COMPACTION_LIMITS } from '../shared/archive/compact.ts'
import { compactHours } from '../shared/archive/compact-recent.ts'
import { type CompactionAnswer, type CompactionEvent, compactionAnswer } from '../shared/aws/archive/compaction.ts'
import { s3ObjectStore } from '../shared/aws/archive/s3-object-store.ts'
import { s3Client } from '../shared/aws/clients.ts'
import { summariseOnAws } from '../shared/aws/rules/hour-summaries.ts'
import { InputError } from '../shared/errors.ts'
import { parseRange } from '../shared/replay/range.ts'
import { redactedKeys, setting } from './support/environment.ts'
import { telemetry } from './support/telemetry.ts'

const { log, count, middleware } = telemetry()
const client = s3Client()
const store = s3ObjectStore({ client, name: setting('archiveBucket') }, redactedKeys())
const rulesBucket = { client, name: setting('rulesBucket') }

/** Traces are filed up to 7 days before they arrive. */
const RECENT_DAYS = '-8d'
/** Once a day hours are looked at to which nothing came lately. */
const FULL_RUN_HOUR = 3
/** What one function merges in the time that RESERVE_MS leaves it: some 16 million spans at 40,000 a second. */
const MAX_BYTES = 768 * 1024 * 1024
/** The longest that one hour may take; with less time left no hour is begun. */
const RESERVE_MS = 8 * 60_000

/**
 * Merges the small objects of archived hours: of the last days when scheduled, of {from, to} when asked. When scheduled it
 * also summarises what the rules in force found in the hours of the last day.
 */
export const handler = middy<CompactionEvent, CompactionAnswer>()
  .use(middleware)
  .handler(async ({ from, to }, context) => {
    const nowMs = Date.now()
    const asked = from !== undefined
    try {
      const done = await compactHours({
        store,
        ...parseRange(from ?? RECENT_DAYS, to ?? 'now', nowMs),
        nowMs,
        newToken: randomUUID,
        all: asked || new Date(nowMs).getUTCHours() === FULL_RUN_HOUR,
        limits: asked ? { ...COMPACTION_LIMITS, leastNewShare: 0 } : COMPACTION_LIMITS,
        mostBytes: MAX_BYTES,
        hasTime: () => context.getRemainingTimeInMillis() > RESERVE_MS,
      })
      const answer = compactionAnswer(done)
      count('HoursNotCompacted', answer.left + answer.tooLarge.length)
      count('ObjectsUnreadable', answer.failures.length)
      log('info', 'compacted', { hours: done.hours.length, merged: answer.merged, left: answer.left })
      for (const hour of answer.tooLarge) log('warn', 'hour too large to compact', { hour })
      for (const { key, reason } of answer.failures) log('error', 'archive object cannot be read', { key, reason })
      if (!asked) await summarise(nowMs, () => context.getRemainingTimeInMillis())
      return answer
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      const { code, message, hint = '' } = error
      return { state: 'refused', error: { code, message, hint } }
    }
  })

/** What was merged stays merged where this fails; the next run does what this one did not. */
async function summarise(nowMs: number, leftMs: () => number): Promise<void> {
  try {
    const { hours, left } = await summariseOnAws({ store, rulesBucket, nowMs, leftMs, mostHourBytes: MAX_BYTES })
    const written = hours.filter(({ isFresh }) => isFresh)
    const partial = written.filter(({ rules }) => rules.some((rule) => rule.partial === true))
    log('info', 'summarised', { hours: written.length, left })
    for (const { hourMs } of partial) {
      log('warn', 'hour too large to be summarised as a whole', { hour: new Date(hourMs).toISOString() })
    }
  } catch (error) {
    log('error', 'hours could not be summarised; trying again in the next run', { reason: String(error) })
  }
}
