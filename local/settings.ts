import * as v from 'valibot'
import { isKeyPattern } from '../shared/catalogue/key-pattern.ts'
import { headersByName, webhookSecrets, webUrl } from '../shared/incidents/receivers/setting-schemas.ts'
import {
  badSetting,
  checkOrder,
  duration,
  JUDGING,
  parseSettings,
  positive,
  REQUEST,
  SENDER_LIMITS,
} from '../shared/pipeline/settings.ts'

const DAY_MS = 24 * 3_600_000

const webhook = v.strictObject({
  /** Every live signal and incident is sent there as one POST (`application/cloudevents+json`). */
  url: webUrl,
  headers: v.optional(headersByName, {}),
  secrets: v.optional(webhookSecrets, []),
  timeoutMs: v.optional(positive, 10_000),
  /** First wait after a failure; it doubles with each, with jitter, up to `maxRetryDelayMs`. */
  retryDelayMs: v.optional(positive, 1_000),
  maxRetryDelayMs: v.optional(positive, 300_000),
  /** Deliveries that failed this often are set aside, and tried again after a restart. */
  maxAttempts: v.optional(positive, 20),
})

export type WebhookSettings = v.InferOutput<typeof webhook>

/** How one process receives, judges and keeps traces; waits are shorter than in a deployed stack. */
const runtimeSchema = v.strictObject({
  ...JUDGING,
  ...REQUEST,
  quietPeriodMs: v.optional(duration, 5_000),
  incompleteWaitMs: v.optional(duration, 15_000),
  leaseMs: v.optional(positive, 60_000),
  verdictMarginMs: v.optional(duration, 5_000),
  /** Requests to paths below /v1 must bring one of these; without any, whoever reaches the port may send. */
  apiKeys: v.optional(
    v.array(v.pipe(v.string(), v.regex(/^[\x21-\x7e]{16,200}$/, 'a key is 16 to 200 characters without spaces'))),
    [],
  ),
  /** `127.0.0.1` keeps it on this machine. */
  host: v.optional(v.pipe(v.string(), v.minLength(1)), '127.0.0.1'),
  /** The port of OTLP/HTTP; 0 takes any that is free. */
  port: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(65_535)), 4318),
  /** Connections at one time; beyond it the one that was idle for longest is closed, or else the new one refused. */
  maxConnections: v.optional(positive, 10_000),
  /** Of one address (IPv6: of 64 bits of it); unless told 2,000 for other machines, and for this one as many as in all. */
  maxConnectionsPerAddress: v.optional(positive),
  /** The archive's catalogue keeps no example values of these attributes: keys, or patterns such as `user.*`. */
  redact: v.optional(
    v.array(v.pipe(v.string(), v.check(isKeyPattern, 'expected a key, or a pattern such as user.*'))),
    [],
  ),
  /** Origins whose pages may send spans (`*` for all); none unless told. */
  corsOrigins: v.optional(v.array(v.string()), []),
  /**
   * The database may grow so large. It makes room from 80 % on; spans are refused with 503 while they would take what is
   * kept for judging, the last tenth (at most 256 MB).
   */
  maxDatabaseBytes: v.optional(positive, 16 * 1024 ** 3),
  /** While the traces of a sender are judged later than this after their turn, its spans are refused with 503. */
  maxBehindMs: v.optional(positive, SENDER_LIMITS.maxBehindMs),
  /** Traces of a sender that may wait to be judged. A sender is an API key, or an address where no keys are asked for. */
  maxWaitingPerSender: v.optional(positive, SENDER_LIMITS.maxWaitingPerSender),
  /** Chunks that could not be judged; those that were judged go once `judgeWindowMs` is over. */
  chunkRetentionMs: v.optional(positive, 7 * DAY_MS),
  /** What is known of a trace's judging, renewed by every verdict. */
  markerRetentionMs: v.optional(positive, 21 * DAY_MS),
  /** Signals, and how many there were of each rule and hour. */
  signalRetentionMs: v.optional(positive, 90 * DAY_MS),
  /**
   * Signals of a rule, status and hour that are kept whole; of later ones each at a power of two. The others are counted,
   * in shadow mode, or kept without the text of their evidence.
   */
  firstSignalSamples: v.optional(positive, 10),
  /** Timers and deliveries that were set aside. */
  failureRetentionMs: v.optional(positive, 7 * DAY_MS),
  /** How often the rule files are looked at for changes. */
  rulesPollMs: v.optional(positive, 500),
  webhooks: v.optional(v.array(webhook), []),
})

export type RuntimeSettings = v.InferOutput<typeof runtimeSchema>
export type RuntimeSettingsInput = v.InferInput<typeof runtimeSchema>

/** Settings from what somebody wrote, gaps filled with the defaults; throws an InputError that names every bad one. */
export function runtimeSettings(given: RuntimeSettingsInput): RuntimeSettings {
  const settings = parseSettings(runtimeSchema, given)
  checkOrder(settings)
  const { chunkRetentionMs, maxTraceAgeMs } = settings
  if (chunkRetentionMs <= maxTraceAgeMs) {
    throw badSetting(
      `chunkRetentionMs (${chunkRetentionMs}) is not more than maxTraceAgeMs (${maxTraceAgeMs})`,
      'keep chunks longer than a trace may take',
    )
  }
  const { maxWaitingPerSender, maxRequestTraces } = settings
  if (maxWaitingPerSender < maxRequestTraces) {
    throw badSetting(
      `maxWaitingPerSender (${maxWaitingPerSender}) is less than maxRequestTraces (${maxRequestTraces})`,
      'lower maxRequestTraces too: a larger request would be refused with 503 every time',
    )
  }
  return settings
}
