import type { SuiteResult } from './machine.ts'
import { inverse } from './measure.ts'
import type { CheckedFigure, Measurement, Spread } from './suite.ts'

/** How much worse a case may have become: its ratio to its baseline, or to the reference. */
const TOLERATED = 0.1
/** 1.1 / 1 is a little more than 1.1 to a computer. */
const ROUNDING = 1e-9

/** One case, before and after. */
export type Change =
  | {
      readonly kind: 'compared'
      readonly name: string
      /** What the two values are. */
      readonly by: string
      readonly before: number
      readonly after: number
      /** 0.12 is 12 % worse, -0.12 is better. */
      readonly worse: number
      /** Worse by more than is tolerated, and by more than the rounds of either side differ among themselves. */
      readonly regression: boolean
    }
  | { readonly kind: 'new' | 'removed' | 'not compared'; readonly name: string; readonly why?: string }

/** How a suite's result differs from an earlier one. */
export interface SuiteChange {
  readonly suite: string
  /** What the two were measured with, where it is not the same. */
  readonly differs: readonly string[]
  readonly changes: readonly Change[]
}

/** Compares what was measured of a suite with an earlier result of it; every case of either is named. */
export function compareSuite(before: SuiteResult, after: SuiteResult): SuiteChange {
  const differs = (['processor', 'node', 'version'] as const)
    .filter((what) => before[what] !== after[what])
    .map((what) => `${what} was ${before[what]}, is ${after[what]}`)
  const sameMachine = before.processor === after.processor && before.node === after.node
  return {
    suite: after.suite,
    differs,
    changes: [
      ...matched(before.measurements, after.measurements, (old, now) => compareCase(old, now, sameMachine)),
      ...matched(before.figures ?? [], after.figures ?? [], compareFigure),
    ],
  }
}

interface Named {
  readonly name: string
  readonly formerly?: string
}

function matched<Item extends Named>(
  before: readonly Item[],
  after: readonly Item[],
  compare: (old: Item, now: Item) => Change,
): readonly Change[] {
  const found = new Set<Item>()
  const changes = after.map((now): Change => {
    const old = before.find(({ name }) => name === now.name) ?? before.find(({ name }) => name === now.formerly)
    if (old === undefined) return { kind: 'new', name: now.name }
    found.add(old)
    const change = compare(old, now)
    return old.name === now.name ? change : { ...change, name: `${now.name} (was "${old.name}")` }
  })
  const gone = before.filter((old) => !found.has(old))
  return [...changes, ...gone.map(({ name }): Change => ({ kind: 'removed', name }))]
}

/** By the ratio to the baseline, else to the reference, else by time where the machine is the same kind. */
function compareCase(before: Measurement, after: Measurement, sameMachine: boolean): Change {
  const { name } = after
  if (before.against !== undefined && after.against !== undefined) {
    const { baseline } = after.against
    if (before.against.baseline !== baseline) {
      return { kind: 'not compared', name, why: `its baseline was "${before.against.baseline}", is "${baseline}"` }
    }
    return compared(name, `times slower than ${baseline}`, slowness(before.against), slowness(after.against))
  }
  if (before.reference !== undefined && after.reference !== undefined) {
    return compared(name, 'times the reference', before.reference, after.reference)
  }
  if (sameMachine) {
    return compared(name, `ns/${after.unit}`, exactly(before.nanosPerUnit), exactly(after.nanosPerUnit))
  }
  const why = 'it has no baseline, and times of another processor or Node say nothing'
  return { kind: 'not compared', name, why }
}

function compareFigure(before: CheckedFigure, after: CheckedFigure): Change {
  const cost = ({ value, better }: CheckedFigure) => exactly(better === 'less' ? value : 1 / value)
  const change = compared(after.name, after.unit, cost(before), cost(after))
  return { ...change, before: before.value, after: after.value }
}

/** The ratio as `times slower`, whichever way it is stored. */
function slowness(against: NonNullable<Measurement['against']>): Spread {
  return against.ratio === 'times slower' ? withQuartiles(against) : inverse(withQuartiles(against))
}

/** Results of before there were quartiles have the median alone. */
function withQuartiles({ measured, low = measured, high = measured }: Spread): Spread {
  return { measured, low, high }
}

function exactly(value: number): Spread {
  return { measured: value, low: value, high: value }
}

function compared(name: string, by: string, before: Spread, after: Spread): Change & { readonly kind: 'compared' } {
  const worse = after.measured / before.measured - 1
  const regression = worse > TOLERATED + ROUNDING && after.low > before.high
  return { kind: 'compared', name, by, before: before.measured, after: after.measured, worse, regression }
}
