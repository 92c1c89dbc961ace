import * as v from 'valibot'
import { InputError } from '../errors.ts'
import { parseRange, type ReplayRange } from './range.ts'

/** What a replay is asked for, checked but for the rules, which are yet to be found or read. */
export interface ReplayRequest {
  readonly range: ReplayRange
  /** Undefined: all rules in force. */
  readonly rules: RequestedRules | undefined
  /** `publish`: each violation is also a signal of mode `replay`. */
  readonly mode: ReplayMode
  /** Only say how much there is to look at. */
  readonly dryRun: boolean
  /** Violations of each rule to come with evidence. */
  readonly limit: number
}

export type ReplayMode = 'report' | 'publish'

export type RequestedRules =
  | { readonly names: readonly string[] }
  | { readonly files: readonly { readonly file: string; readonly text: string }[] }

/** Bytes of rule text a request may bring: a hundred times the packs that ship, and far below what Lambda takes. */
const MAX_RULE_BYTES = 1024 * 1024
const MAX_NAMES = 10_000
const MAX_LIMIT = 1_000
const DEFAULT_LIMIT = 10

const text = v.pipe(v.string('must be a text'), v.minLength(1, 'is empty'))
const schema = v.strictObject({
  from: text,
  to: v.optional(text, 'now'),
  rules: v.optional(
    v.union(
      [
        text,
        v.pipe(v.array(text), v.minLength(1), v.maxLength(MAX_NAMES)),
        v.pipe(v.array(v.strictObject({ file: text, text: v.string() })), v.minLength(1), v.maxLength(MAX_NAMES)),
      ],
      'must be rule text, a list of names of rules in force, or a list of {file, text}',
    ),
  ),
  mode: v.optional(v.picklist(['report', 'publish'], 'must be "report" or "publish"'), 'report'),
  dryRun: v.optional(v.boolean('must be true or false'), false),
  limit: v.optional(
    v.pipe(
      v.number('must be a number'),
      v.safeInteger('must be a whole number'),
      v.minValue(0, 'must be at least 0'),
      v.maxValue(MAX_LIMIT, `must be at most ${MAX_LIMIT}`),
    ),
    DEFAULT_LIMIT,
  ),
})

type RequestErrorCode = 'bad-request' | 'rules-too-large'

/** Reads a request as somebody wrote it; throws an InputError that says what is wrong with it and what it must be. */
export function parseReplayRequest(given: unknown, nowMs: number): ReplayRequest {
  const result = v.safeParse(schema, given)
  if (!result.success) {
    const faults = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'the request'}: ${issue.message}`)
    throw requestError(
      'bad-request',
      faults.join('; '),
      'send {"from": "-29d", "to": "now", "rules": "…", "mode": "report", "limit": 10, "dryRun": false}; only from is needed',
    )
  }
  const { from, to, rules, mode, dryRun, limit } = result.output
  const range = parseRange(from, to, nowMs)
  return { range, rules: rules === undefined ? undefined : requestedRules(rules), mode, dryRun, limit }
}

function requestedRules(rules: NonNullable<v.InferOutput<typeof schema>['rules']>): RequestedRules {
  if (typeof rules === 'string') return bounded([{ file: 'request.rules', text: rules }])
  const names = rules.filter((rule) => typeof rule === 'string')
  return names.length === rules.length ? { names } : bounded(rules.filter((rule) => typeof rule !== 'string'))
}

function bounded(files: readonly { readonly file: string; readonly text: string }[]): RequestedRules {
  const bytes = files.reduce((sum, file) => sum + Buffer.byteLength(file.text), 0)
  if (bytes <= MAX_RULE_BYTES) return { files }
  throw requestError(
    'rules-too-large',
    `the rules take ${bytes} bytes; a request may bring ${MAX_RULE_BYTES}`,
    'send fewer rules, or push them and name them',
  )
}

function requestError(code: RequestErrorCode, message: string, hint: string): InputError<RequestErrorCode> {
  return new InputError({ code, message, hint })
}
