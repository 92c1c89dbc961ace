import * as v from 'valibot'
import { experimentError } from './errors.ts'

export const experimentId = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][\w.:-]{0,127}$/, 'write letters, digits and . _ : -, at most 128, a letter or digit first'),
)

/** A short text. */
export const word = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200))

const names = v.pipe(v.array(word), v.maxLength(200))

const labels = v.pipe(
  v.record(v.pipe(v.string(), v.minLength(1), v.maxLength(100)), v.pipe(v.string(), v.maxLength(500))),
  v.check((all) => Object.keys(all).length <= 50, 'give at most 50 labels'),
)

/** By rule: the share of its traces that may break it. */
const tolerances = v.pipe(
  v.record(word, v.pipe(v.number(), v.gtValue(0, 'write a share above 0'), v.maxValue(1, 'write a share up to 1'))),
  v.check((all) => Object.keys(all).length <= 200, 'tolerate at most 200 rules'),
)

const AGO_UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
const MAX_AGO_MS = 400 * AGO_UNITS_MS.d

/** `-1d` in milliseconds. */
const ago = v.pipe(
  v.string(),
  v.regex(/^-[1-9]\d{0,4}[mhdw]$/, 'write how long before, such as -1d'),
  v.transform((text) => Number(text.slice(1, -1)) * AGO_UNITS_MS[text.slice(-1) as keyof typeof AGO_UNITS_MS]),
  v.maxValue(MAX_AGO_MS, 'write at most -400d'),
)

/** What any source may say of an experiment beside when it started and ended. */
export const DETAILS = {
  name: v.optional(word),
  labels: v.optional(labels),
  services: v.optional(names),
  rules: v.optional(names),
  tolerate: v.optional(tolerances),
  baseline: v.optional(ago),
} as const

/** Parses by a schema; throws an InputError that names every fault. */
export function parsed<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  hint: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  const faults = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'body'}: ${issue.message}`)
  throw experimentError('bad-experiment', faults.join('; ').slice(0, 1_000), hint)
}

/** Milliseconds since 1970 of an ISO time or a number of seconds or milliseconds; undefined for anything else. */
export function timeMs(time: string | number): number | undefined {
  const number = typeof time === 'number' ? time : /^\d{9,14}(\.\d+)?$/.test(time) ? Number(time) : Number.NaN
  const ms = Number.isNaN(number) ? Date.parse(String(time)) : number < SECONDS_BELOW ? number * 1000 : number
  return Number.isFinite(ms) && ms > 0 && ms < LATEST_MS ? Math.floor(ms) : undefined
}

/** Seconds of the year 5138 are milliseconds of 1973. */
const SECONDS_BELOW = 1e11
/** The year 2100. */
const LATEST_MS = 4_102_444_800_000

/** The object without what is undefined. */
export function defined<Fields extends object>(
  fields: Fields,
): { [Key in keyof Fields]: Exclude<Fields[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}
