import * as v from 'valibot'
import type { ObjectStore, StoredObject } from '../../archive/object-store.ts'
import { ObjectGone } from '../../archive/object-store.ts'
import type { Failure } from '../tally.ts'

/** Rules that a summary holds at most; what is asked of others is judged from the archive. */
export const MAX_SUMMARY_RULES = 10_000
/** A summary of that many rules has some 2 MB. A larger object is not read, and its hour is judged from the archive. */
const MAX_SUMMARY_BYTES = 16 * 1024 * 1024
const MAX_FAILURES = 20

const count = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0)

const schema = v.object({
  /** Another number where a rule of the same revision would be judged, or its needs be counted, differently. */
  version: v.literal(1),
  traces: v.number(),
  covers: v.object({ objects: v.number(), newestMs: v.number() }),
  failures: v.array(v.object({ key: v.string(), reason: v.string() })),
  rules: v.array(
    v.object({
      rule: v.string(),
      revision: v.string(),
      exercised: count,
      violated: count,
      inconclusive: count,
      blind: count,
      lastExercisedMs: v.optional(v.number()),
      lastViolatedMs: v.optional(v.number()),
      partial: v.optional(v.literal(true)),
      needs: v.optional(v.array(v.object({ asked: v.number(), found: v.boolean(), keys: v.array(v.string()) })), []),
    }),
  ),
})

/** What one rule found in one hour. */
export interface RuleHour {
  readonly rule: string
  readonly revision: string
  readonly exercised: number
  readonly violated: number
  readonly inconclusive: number
  readonly blind: number
  /** When the last such trace started, milliseconds since 1970. */
  readonly lastExercisedMs?: number | undefined
  readonly lastViolatedMs?: number | undefined
  /** The hour was too large: only a part of its traces was judged. */
  readonly partial?: true | undefined
  /** Attributes that the rule needs, by their place; empty where none was looked for. */
  readonly needs: readonly { readonly asked: number; readonly found: boolean; readonly keys: readonly string[] }[]
}

/** What of an hour was there when it was judged. */
interface Coverage {
  readonly objects: number
  /** When the newest of them was stored, milliseconds since 1970. */
  readonly newestMs: number
}

/** What the rules in force found in one hour. */
export interface HourSummary {
  readonly traces: number
  readonly covers: Coverage
  readonly failures: readonly Failure[]
  /** At most MAX_SUMMARY_RULES. */
  readonly rules: readonly RuleHour[]
}

/** What a summary made of these objects covers. */
export function hourCoverage(objects: readonly StoredObject[]): Coverage {
  const newestMs = objects.reduce((newest, { storedAtMs }) => Math.max(newest, storedAtMs), 0)
  return { objects: objects.length, newestMs }
}

/**
 * Whether nothing came to the hour since. Objects that were deleted had been taken over by others, and who forgets a trace
 * deletes the summary too.
 */
export function isCovered({ covers }: Pick<HourSummary, 'covers'>, objects: readonly StoredObject[]): boolean {
  const { objects: number, newestMs } = hourCoverage(objects)
  return number <= covers.objects && newestMs <= covers.newestMs
}

/** The summary as it is stored: numbers that are 0 are left out, as most rules have nothing to say in most hours. */
export function writeHourSummary({ traces, covers, failures, rules }: HourSummary): Buffer {
  const written = rules.slice(0, MAX_SUMMARY_RULES).map((rule) => {
    const entries = Object.entries(rule).filter(
      ([, value]) => value !== 0 && !(Array.isArray(value) && value.length === 0),
    )
    return Object.fromEntries(entries)
  })
  const kept = failures.slice(0, MAX_FAILURES)
  return Buffer.from(JSON.stringify({ version: 1, traces, covers, failures: kept, rules: written }))
}

/** Reads a summary back; undefined where it is gone, too large, damaged, or of another version. */
export async function readHourSummary(store: ObjectStore, object: StoredObject): Promise<HourSummary | undefined> {
  if (object.byteLength > MAX_SUMMARY_BYTES) return undefined
  try {
    const bytes = await store.open(object).read(0, object.byteLength)
    return v.parse(schema, JSON.parse(bytes.toString()))
  } catch (error) {
    if (error instanceof ObjectGone || error instanceof SyntaxError || error instanceof v.ValiError) return undefined
    throw error
  }
}
