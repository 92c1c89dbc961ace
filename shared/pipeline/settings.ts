import * as v from 'valibot'
import { InputError } from '../errors.ts'
import { REQUEST_LIMITS, type RequestLimits } from '../otlp/limits.ts'

/** A whole number of milliseconds, bytes or things, at least 1. */
export const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1))

/** A length of time in milliseconds, 0 for none. */
export const duration = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

/** Where paths of runbooks are looked for. */
const webAddress = v.pipe(
  v.string(),
  v.check((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'expected an http or https URL'),
)

/** How traces are judged; the defaults are those of a deployed stack. */
export const JUDGING = {
  /** No new chunk for so long: the trace is taken to be over. SDKs hold spans for 5 s before they send. */
  quietPeriodMs: v.optional(duration, 30_000),
  /** How long a trace without a root, or with a dangling parent, waits after its newest chunk before it is judged as it is. */
  incompleteWaitMs: v.optional(duration, 120_000),
  /** A trace that never goes quiet is judged when its oldest chunk not yet judged is so old. */
  maxTraceAgeMs: v.optional(positive, 3_600_000),
  /** A span that comes after the verdict re-opens its trace if it started at most this long before it arrived. */
  judgeWindowMs: v.optional(duration, 24 * 3_600_000),
  /** Beyond any of the next three a trace is judged on its first chunks alone, and is `truncated`. */
  maxTraceSpans: v.optional(positive, 100_000),
  maxTraceBytes: v.optional(positive, 64 * 1024 * 1024),
  maxTraceChunks: v.optional(positive, 5_000),
  /** How long one evaluator may work on a trace before another may take over; longer than a function may run. */
  leaseMs: v.optional(positive, 90_000),
  /** After how many attempts a timer is set aside whose handling fails for a lasting reason … */
  maxAttempts: v.optional(positive, 5),
  /** … and after how many if a store or subscriber was out of reach. */
  maxTransientAttempts: v.optional(positive, 50),
  /** First wait after a failure; it doubles with each attempt up to 15 minutes. */
  retryDelayMs: v.optional(positive, 10_000),
  /** Signals of one rule that one evaluator publishes in a minute; the rest are stored and counted. */
  maxSignalsPerMinute: v.optional(positive, 100),
  /** A rule that was not broken for so long, and was exercised since, ends its incident. */
  incidentQuietMs: v.optional(positive, 1_800_000),
  /** An incident that opens again so soon after its end goes on; at least `incidentQuietMs`. */
  incidentCooldownMs: v.optional(positive, 7_200_000),
  /** Values of a rule's `Group` that have incidents of their own at one time; past that, all others share one incident. */
  maxIncidentGroups: v.optional(positive, 50),
  /** Status changes committed at once; a trace with more commits in rounds. */
  maxSignalsPerCommit: v.optional(positive, 200),
  /** The longest window of an experiment: one that nobody ends is taken to be over then. */
  maxExperimentMs: v.optional(positive, 24 * 3_600_000),
  /** After the last of its traces can have been judged, time for the archive before the verdict on an experiment. */
  verdictMarginMs: v.optional(duration, 60_000),
  /** The CloudEvents `source` of every signal. */
  source: v.optional(v.pipe(v.string(), v.minLength(1)), '/betrace'),
  /** A rule's `Runbook` that is a path of a page (`docs/rule-packs.md#slow_query`) is looked for below this URL. */
  runbookBase: v.exactOptional(webAddress),
} as const

/** The most that a place in a body, or in the table of its values, is counted to. */
const limit = v.pipe(positive, v.maxValue(1024 ** 3, 'expected at most 1073741824'))

/** What one request may hold; see RequestLimits. */
export const REQUEST = {
  maxBodyBytes: v.optional(limit, REQUEST_LIMITS.maxBodyBytes),
  maxRequestValues: v.optional(
    v.pipe(limit, v.maxValue(1e8, 'expected at most 100000000')),
    REQUEST_LIMITS.maxRequestValues,
  ),
  maxRequestSpans: v.optional(limit, REQUEST_LIMITS.maxRequestSpans),
  maxRequestEvents: v.optional(limit, REQUEST_LIMITS.maxRequestEvents),
  maxRequestTraces: v.optional(limit, REQUEST_LIMITS.maxRequestTraces),
  maxSplitBytes: v.optional(limit, REQUEST_LIMITS.maxSplitBytes),
} as const

/** What one sender may have at a server that lets senders take turns; beyond it is refused until there is room. */
export const SENDER_LIMITS = { maxWaitingPerSender: 200_000, maxBehindMs: 30_000 } as const

const requestSchema = v.strictObject(REQUEST)

/** Limits from what somebody wrote, gaps filled with the defaults; throws an InputError that names every bad one. */
export function requestLimits(given: v.InferInput<typeof requestSchema>): RequestLimits {
  return parseSettings(requestSchema, given)
}

const judgingSchema = v.strictObject(JUDGING)

export type JudgingSettings = v.InferOutput<typeof judgingSchema>

/** Settings from what somebody wrote, gaps filled with the defaults; throws an InputError that names every bad one. */
export function judgingSettings(given: v.InferInput<typeof judgingSchema>): JudgingSettings {
  const settings = parseSettings(judgingSchema, given)
  checkOrder(settings)
  return settings
}

/** Parses any settings object; throws an InputError that names every bad one. */
export function parseSettings<Schema extends v.GenericSchema>(schema: Schema, given: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, given)
  if (result.success) return result.output
  const faults = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'settings'}: ${issue.message}`)
  throw badSetting(faults.join('; '), 'correct the settings named above')
}

/** Throws an InputError unless the waits grow in the order in which they apply. */
export function checkOrder(settings: JudgingSettings): void {
  const { quietPeriodMs, incompleteWaitMs, maxTraceAgeMs } = settings
  if (incompleteWaitMs < quietPeriodMs) {
    throw badSetting(
      `incompleteWaitMs (${incompleteWaitMs}) is less than quietPeriodMs (${quietPeriodMs})`,
      'let incomplete traces wait at least as long as complete ones',
    )
  }
  const { incidentQuietMs, incidentCooldownMs } = settings
  if (incidentCooldownMs < incidentQuietMs) {
    throw badSetting(
      `incidentCooldownMs (${incidentCooldownMs}) is less than incidentQuietMs (${incidentQuietMs})`,
      'raise incidentCooldownMs',
    )
  }
  if (maxTraceAgeMs < incompleteWaitMs) {
    throw badSetting(
      `maxTraceAgeMs (${maxTraceAgeMs}) is less than incompleteWaitMs (${incompleteWaitMs})`,
      'raise maxTraceAgeMs',
    )
  }
}

/** What to throw for a setting that cannot be. */
export function badSetting(message: string, hint: string): InputError<'bad-setting'> {
  return new InputError({ code: 'bad-setting', message, hint })
}
