import type { RuleBlindness } from '../rules/blind/blindness.ts'
import type { Run } from '../rules/compile/plan.ts'

/** What was seen of the attributes that a rule reads. */
export interface BlindTally {
  /** Traces that exercised the rule and left it blind. */
  blind: number
  /** By place of the attribute among those that the rule needs; empty until one is looked for. */
  needs: NeedTally[]
}

export interface NeedTally {
  /** Spans, or events, that the attribute was looked for on. Counted only until it is found once. */
  asked: number
  found: boolean
  /** Keys that those carry, a sample. */
  keys: Set<string>
}

/** What one trace adds to a tally. Apart from it, so that reading can fail half way and count nothing. */
export interface BlindObservation {
  readonly isBlind: boolean
  readonly needs: readonly (NeedTally | undefined)[]
}

/** Spans whose keys are listed for one attribute, by one worker, and keys kept: enough to find a misspelt one. */
const MAX_SPANS_LISTED = 50
const MAX_KEYS = 200
const MAX_KEY_LENGTH = 200

export function newBlindTally(): BlindTally {
  return { blind: 0, needs: [] }
}

/** Looks at a trace that the rule does not violate. An attribute that was found before is not looked for again. */
export function observeBlindness(blindness: RuleBlindness, run: Run, { needs }: BlindTally): BlindObservation {
  return {
    isBlind: blindness.isBlind(run) && blindness.isExercised(run),
    needs: blindness.needs.map((need, place) => {
      const before = needs[place]
      return before?.found === true ? undefined : observeNeed(need.asked(run), before)
    }),
  }
}

type Asked = ReturnType<RuleBlindness['needs'][number]['asked']>

function observeNeed(asked: Asked, before: NeedTally | undefined): NeedTally {
  const found = asked.some(({ hasValue }) => hasValue)
  const listed = found ? [] : asked.slice(0, Math.max(0, MAX_SPANS_LISTED - (before?.asked ?? 0)))
  const keys = listed.flatMap(({ sources }) => sources.flatMap((source) => source.entries().map(([key]) => key)))
  return { asked: asked.length, found, keys: new Set(keys) }
}

export function addObservation(tally: BlindTally, { isBlind, needs }: BlindObservation): void {
  if (isBlind) tally.blind++
  addNeeds(tally, needs)
}

export function addBlindTally(sum: BlindTally, part: BlindTally): void {
  sum.blind += part.blind
  addNeeds(sum, part.needs)
}

function addNeeds(sum: BlindTally, needs: readonly (NeedTally | undefined)[]): void {
  for (const [place, need] of needs.entries()) {
    const before = sum.needs[place] ?? { asked: 0, found: false, keys: new Set<string>() }
    sum.needs[place] = before
    if (need === undefined) continue
    before.asked += need.asked
    before.found ||= need.found
    if (before.found) before.keys.clear()
    else for (const key of need.keys) addKey(before.keys, key)
  }
}

function addKey(keys: Set<string>, key: string): void {
  if (keys.size < MAX_KEYS && key.length <= MAX_KEY_LENGTH) keys.add(key)
}
