import type { BlindTally, NeedTally } from './blind-tally.ts'
import type { RuleTally, Tally } from './tally.ts'
import { newTally } from './tally.ts'

/** Rules a worker had nothing to say of are left out, so that 10,000 of them cost nothing. */
interface WrittenTally extends Pick<Tally, 'traces' | 'objects' | 'failures'> {
  /** Null where no trace is archived. */
  readonly archivedThroughMs: number | null
  readonly rules: readonly (readonly [order: number, tally: WrittenRule])[]
}

interface WrittenRule extends Pick<RuleTally, 'outcomes' | 'samples'> {
  readonly hours: readonly (readonly [hourMs: number, violated: number])[]
  readonly firstMs: number | null
  readonly lastMs: number | null
  readonly blindness: Pick<BlindTally, 'blind'> & { readonly needs: readonly WrittenNeed[] }
}

type WrittenNeed = Pick<NeedTally, 'asked' | 'found'> & { readonly keys: readonly string[] }

/** A tally as JSON, for those that add it up in another process. */
export function writeTally({ rules, archivedThroughMs, ...rest }: Tally): string {
  const written: WrittenTally = {
    ...rest,
    archivedThroughMs: finite(archivedThroughMs),
    rules: rules.flatMap((rule, order) => (Object.keys(rule.outcomes).length === 0 ? [] : [[order, writeRule(rule)]])),
  }
  return JSON.stringify(written)
}

function writeRule({ outcomes, hours, firstMs, lastMs, samples, blindness }: RuleTally): WrittenRule {
  const needs = blindness.needs.map((need) => ({ ...need, keys: [...need.keys] }))
  return {
    outcomes,
    hours: [...hours],
    firstMs: finite(firstMs),
    lastMs: finite(lastMs),
    samples,
    blindness: { ...blindness, needs },
  }
}

/** Reads it back; `ruleCount` is that of the set it was made with. */
export function readTally(text: string, ruleCount: number): Tally {
  const { rules, archivedThroughMs, ...rest } = JSON.parse(text) as WrittenTally
  const tally = newTally(ruleCount)
  const byOrder = new Map(rules)
  return {
    ...rest,
    archivedThroughMs: archivedThroughMs ?? Number.NEGATIVE_INFINITY,
    rules: tally.rules.map((empty, order) => {
      const rule = byOrder.get(order)
      return rule === undefined ? empty : readRule(rule)
    }),
  }
}

function readRule({ hours, firstMs, lastMs, blindness, ...rest }: WrittenRule): RuleTally {
  return {
    ...rest,
    hours: new Map(hours),
    firstMs: firstMs ?? Number.POSITIVE_INFINITY,
    lastMs: lastMs ?? Number.NEGATIVE_INFINITY,
    blindness: { ...blindness, needs: blindness.needs.map((need) => ({ ...need, keys: new Set(need.keys) })) },
  }
}

function finite(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null
}
