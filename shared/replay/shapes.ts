import type { CompiledRules } from '../rules/compile/rule-set.ts'
import { judge } from '../rules/judge/judge.ts'
import type { Outcome } from '../rules/judge/verdict.ts'
import type { Span, Trace } from '../trace/span.ts'

/** What the rules said of a trace with a certain row of span names, where they looked at nothing but the names. */
export interface ShapeVerdicts {
  /** Places of the rules that said anything, and what. */
  readonly outcomes: readonly { readonly order: number; readonly outcome: Outcome }[]
  readonly isViolated: boolean
}

/**
 * Traces of one kind have the same names in the same order, and rules on names alone say the same of each: they are
 * judged once a kind. A trie by name, so that a known kind costs one step a span.
 */
export interface Shapes {
  /** A number for a name, the same in all row groups. */
  numberOf(name: string): number
  /**
   * The verdicts known of a trace from the names of its spans: `numbers` of `codes` from `start` to `end`. Undefined where
   * its rules look beyond the names, or there are too many kinds.
   */
  verdicts(codes: Int32Array, numbers: Int32Array, start: number, end: number): ShapeVerdicts | undefined
}

interface Kind {
  readonly next: Map<number, Kind>
  /** Undefined: not yet judged; null: rules look beyond the names. */
  verdicts: ShapeVerdicts | null | undefined
}

/** Past this number of kinds, remembering them does not pay. */
const MAX_KINDS = 20_000
const MAX_SPANS = 256

export function newShapes(set: CompiledRules, orderOf: ReadonlyMap<string, number>): Shapes {
  const numbers = new Map<string, number>()
  const names: string[] = []
  const root: Kind = { next: new Map(), verdicts: undefined }
  let kinds = 1

  function nextOf(kind: Kind, name: number): Kind | undefined {
    const known = kind.next.get(name)
    if (known !== undefined || kinds >= MAX_KINDS) return known
    const next: Kind = { next: new Map(), verdicts: undefined }
    kind.next.set(name, next)
    kinds++
    return next
  }

  return {
    numberOf(name) {
      const known = numbers.get(name)
      if (known !== undefined) return known
      const number = names.push(name) - 1
      numbers.set(name, number)
      return number
    },
    verdicts(codes, numberOf, start, end) {
      if (end - start > MAX_SPANS) return undefined
      let kind: Kind | undefined = root
      for (let row = start; row < end && kind !== undefined; row++) {
        kind = nextOf(kind, numberOf[codes[row] as number] as number)
      }
      if (kind === undefined) return undefined
      if (kind.verdicts === undefined) {
        const path = Array.from(codes.subarray(start, end), (code) => names[numberOf[code] as number] as string)
        kind.verdicts = judgeNames(set, orderOf, path) ?? null
      }
      return kind.verdicts ?? undefined
    },
  }
}

/** Thrown where a rule asks a span for more than its name. */
class BeyondNames extends Error {}

function judgeNames(
  set: CompiledRules,
  orderOf: ReadonlyMap<string, number>,
  names: readonly string[],
): ShapeVerdicts | undefined {
  const spans = names.map((name) => new NamedSpan(name))
  const trace: Trace = {
    spans,
    get traceId() {
      return beyond()
    },
    get complete() {
      return beyond()
    },
    get truncated() {
      return beyond()
    },
  }
  try {
    const verdicts = judge(set, trace)
    const outcomes = verdicts.map(({ rule, outcome }) => ({ order: orderOf.get(rule.name) as number, outcome }))
    return { outcomes, isViolated: outcomes.some(({ outcome }) => outcome === 'violated') }
  } catch (error) {
    if (error instanceof BeyondNames) return undefined
    throw error
  }
}

function beyond(): never {
  throw new BeyondNames()
}

/** A span with nothing known but its name. */
class NamedSpan implements Span {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  get spanId(): string {
    return beyond()
  }

  get parentSpanId(): string {
    return beyond()
  }

  get kind(): number {
    return beyond()
  }

  get statusCode(): number {
    return beyond()
  }

  get statusMessage(): string {
    return beyond()
  }

  get startUnixNano(): bigint {
    return beyond()
  }

  get endUnixNano(): bigint {
    return beyond()
  }

  get attributes(): Span['attributes'] {
    return beyond()
  }

  get resource(): Span['resource'] {
    return beyond()
  }

  events(): never {
    return beyond()
  }
}
