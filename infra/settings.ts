import type { Node } from 'constructs'
import * as v from 'valibot'
import { isKeyPattern } from '../shared/catalogue/key-pattern.ts'
import { InputError } from '../shared/errors.ts'
import { REQUEST_LIMITS } from '../shared/otlp/limits.ts'
import { nearest } from '../shared/rules/read/suggest.ts'
import { SUBSCRIBER } from './subscriber.ts'

/**
 * Packs that claim to hold almost everywhere, and the one that `betrace doctor` needs. The folder `rules` has these and no
 * others, so that `betrace serve` in a checkout judges by the same.
 */
export const DEFAULT_PACKS = ['instrumentation', 'reliability', 'performance', 'security', 'doctor']

/** `-c` gives texts, cdk.json gives anything. */
function wholeNumber(min: number, max: number) {
  return v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d+$/, 'must be a whole number'), v.transform(Number))]),
    v.safeInteger('must be a whole number'),
    v.minValue(min, `must be at least ${min}`),
    v.maxValue(max, `must be at most ${max}`),
  )
}
const flag = v.union(
  [
    v.boolean(),
    v.pipe(
      v.picklist(['true', 'false']),
      v.transform((text) => text === 'true'),
    ),
  ],
  'must be true or false',
)
const list = v.union([
  v.array(v.string()),
  v.pipe(
    v.string(),
    v.transform((text) => text.split(',').map((part) => part.trim())),
    v.transform((parts) => parts.filter((part) => part !== '')),
  ),
])
/** What CloudWatch Logs takes. */
const LOG_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]

const NOTIFY_TARGET = /^arn:[\w-]+:(?:sns|events):[a-z0-9-]+:\d{12}:\S+$/
const ORIGIN = /^(https?:\/\/[^/\s,]+|\*)$/

const schema = v.object({
  /** Names the stack `betrace-<environment>`; an account may hold several. */
  environment: v.optional(
    v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be lower-case letters, digits and -')),
    'main',
  ),
  quietPeriodSeconds: v.optional(wholeNumber(1, 3_600), 30),
  incompleteWaitSeconds: v.optional(wholeNumber(1, 43_200), 120),
  maxTraceAgeSeconds: v.optional(wholeNumber(1, 86_400), 3_600),
  judgeWindowHours: v.optional(wholeNumber(1, 120), 24),
  /** Signals of one rule that one evaluator publishes in a minute; the others are stored and counted. */
  maxSignalsPerMinute: v.optional(wholeNumber(1, 100_000), 100),
  /** An incident ends when its rule was not broken for this long, and held since. */
  incidentQuietMinutes: v.optional(wholeNumber(1, 10_080), 30),
  /** A rule that is broken again within this time after the end opens the same incident; at least the time before. */
  incidentCooldownMinutes: v.optional(wholeNumber(1, 43_200), 120),
  /** The longest window of a chaos experiment; one that nobody ends is given up then. */
  experimentHours: v.optional(wholeNumber(1, 168), 24),
  /** Rule packs of the release (file names without ending) that are in force; `*` for all, empty for none. */
  packs: v.optional(list, DEFAULT_PACKS),
  /** The archive's catalogue keeps no example values of these attributes: keys, or patterns such as `user.*`. */
  redact: v.optional(
    v.pipe(list, v.everyItem(isKeyPattern, 'must be keys of attributes, or patterns such as user.*')),
    [],
  ),
  /** Who is notified of incidents (critical and high) and of alarms. */
  pager: v.optional(
    v.pipe(
      list,
      v.everyItem(
        (one) => SUBSCRIBER.test(one),
        'must be mailto:…, tel:+…, https://… or the ARN of a queue, function, delivery stream or mobile endpoint',
      ),
    ),
    [],
  ),
  /** ARNs of topics and event buses that notify.yaml names: the notifier may publish to these and to no others. */
  notifyTargets: v.optional(
    v.pipe(
      list,
      v.everyItem((one) => NOTIFY_TARGET.test(one), 'must be ARNs of SNS topics or EventBridge event buses'),
    ),
    [],
  ),
  /** Receivers of notify.yaml may have addresses that are not of the internet. */
  privateReceivers: v.optional(flag, false),
  /** 0 for no budget; the whole account's, because cost tags work only once somebody activates them. */
  monthlyBudgetUsd: v.optional(wholeNumber(0, 10_000_000), 0),
  corsOrigins: v.optional(
    v.pipe(
      list,
      v.everyItem((one) => ORIGIN.test(one), 'must be origins such as https://shop.example'),
    ),
    [],
  ),
  /** What one request may hold; beyond it is refused with 413. */
  maxRequestValues: v.optional(wholeNumber(1, 10_000_000), REQUEST_LIMITS.maxRequestValues),
  maxRequestSpans: v.optional(wholeNumber(1, 1_000_000), REQUEST_LIMITS.maxRequestSpans),
  maxRequestEvents: v.optional(wholeNumber(1, 10_000_000), REQUEST_LIMITS.maxRequestEvents),
  /** Each trace is a write: more than this are not stored before the gateway gives up. */
  maxRequestTraces: v.optional(wholeNumber(1, 100_000), REQUEST_LIMITS.maxRequestTraces),
  throttleRequestsPerSecond: v.optional(wholeNumber(1, 100_000), 1_000),
  throttleBurst: v.optional(wholeNumber(1, 100_000), 2_000),
  /** Evaluators at work at once; the rest of the account's concurrency stays free for ingest. */
  evaluatorConcurrency: v.optional(wholeNumber(2, 1_000), 100),
  /** Workers of large replays at work at once. */
  replayConcurrency: v.optional(wholeNumber(1, 1_000), 100),
  /** What one query of the archive may read before Athena stops it, in GB; Athena bills by it. */
  athenaScanGb: v.optional(wholeNumber(1, 100_000), 100),
  /** Requests an IP address may send in five minutes; 0 for no web application firewall. */
  wafRequestsPerFiveMinutes: v.optional(
    v.pipe(
      wholeNumber(0, 2_000_000_000),
      v.check((n) => n === 0 || n >= 10, 'must be 0 or at least 10'),
    ),
    0,
  ),
  /** Encrypt everything under a key of your own account instead of AWS's. */
  customerKey: v.optional(flag, false),
  /** What is kept by `cdk destroy`: archive, rules, key secret and traces under judgement. */
  keepData: v.optional(flag, true),
  archiveDays: v.optional(wholeNumber(1, 36_500), 365),
  logDays: v.optional(
    v.pipe(
      wholeNumber(1, 3_653),
      v.check((days) => LOG_DAYS.includes(days), `must be one of ${LOG_DAYS.join(', ')}`),
    ),
    30,
  ),
  xray: v.optional(flag, false),
  /** Where alarms find the runbook. */
  runbookUrl: v.optional(v.pipe(v.string(), v.minLength(1)), 'docs/runbook.md'),
  /** Where signals link to runbooks that rules name by a path; empty leaves the path. */
  runbookBase: v.optional(v.pipe(v.string(), v.regex(/^(?:https?:\/\/\S+)?$/, 'must be an http or https URL')), ''),
})

/** All that can be set with `cdk deploy -c name=value`, or in cdk.json. */
export type StackSettings = v.InferOutput<typeof schema>

/** Reads the settings from the context; throws an InputError that names every bad one and what it must be. */
export function readSettings(node: Pick<Node, 'getAllContext'>): StackSettings {
  const context = node.getAllContext() as Readonly<Record<string, unknown>>
  const names = Object.keys(schema.entries)
  const given = Object.fromEntries(names.map((name) => [name, context[name]]))
  const result = v.safeParse(schema, given)
  const wrong = result.success ? orderProblems(result.output) : result.issues.map(describe)
  const problems = [...wrong, ...unknownNames(Object.keys(context), names)]
  if (result.success && problems.length === 0) return result.output
  throw new InputError({
    code: 'bad-setting',
    message: problems.join('; '),
    hint: 'docs/reference/stack-settings.md lists all settings',
  })
}

function describe(issue: v.BaseIssue<unknown>): string {
  return `${v.getDotPath(issue) ?? 'context'} (${JSON.stringify(issue.input)}): ${issue.message}`
}

function orderProblems(settings: StackSettings): readonly string[] {
  const { quietPeriodSeconds, incompleteWaitSeconds, maxTraceAgeSeconds } = settings
  const ordered = quietPeriodSeconds <= incompleteWaitSeconds && incompleteWaitSeconds <= maxTraceAgeSeconds
  const settles = settings.incidentQuietMinutes <= settings.incidentCooldownMinutes
  return [
    ...(ordered ? [] : ['quietPeriodSeconds <= incompleteWaitSeconds <= maxTraceAgeSeconds must hold']),
    ...(settles ? [] : ['incidentQuietMinutes <= incidentCooldownMinutes must hold']),
  ]
}

/** Names that can only be meant for us: those of the CDK hold a colon, a slash or a hyphen. */
function unknownNames(given: readonly string[], known: readonly string[]): readonly string[] {
  const unknown = given.filter((name) => /^[A-Za-z]\w*$/.test(name) && !known.includes(name))
  return unknown.map((name) => {
    const meant = known.find((each) => each.startsWith(name)) ?? nearest(name, known)
    return `${name}: is not a setting${meant === undefined ? '' : `, did you mean ${meant}?`}`
  })
}
