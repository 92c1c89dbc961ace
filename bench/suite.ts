import type { Table } from './table.ts'

/** How much is measured: `quick` looks whether it runs at all, on less data where making it takes long. */
export type Size = 'full' | 'quick'

/**
 * One thing measured: `run` does one iteration, perhaps by a promise, and returns something: no work is left out as
 * unused. What only the first run has to set up counts for nothing.
 */
export interface Case {
  readonly name: string
  readonly run: () => unknown
  /** Units one iteration handles, and their name: 27 spans, 1 trace. */
  readonly units: number
  readonly unit: string
  /** Milliseconds since some moment, where the case does its work in other processes; else the bench's own. */
  readonly stopwatch?: () => number
  /** What it is compared with. */
  readonly against?: Against
  /** Its name in results of before it was renamed. */
  readonly formerly?: string
}

/**
 * Time per unit of a case against that of another of the same suite, measured in the same rounds: `times slower` is
 * time/baseline, `times faster` is baseline/time. `atMost` and `atLeast` are what must hold.
 */
export interface Against extends Bounds {
  readonly baseline: string
  readonly ratio: 'times slower' | 'times faster'
}

export interface Bounds {
  readonly atMost?: number
  readonly atLeast?: number
}

/** What is counted, not timed, and comes out the same wherever it is: bytes, units that are billed. */
export interface Figure extends Bounds {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly better: 'less' | 'more'
}

/** The cases of one `*.bench.ts`, which exports `suite`; set-up happens in `cases`, outside the measured time. */
export interface Suite {
  readonly name: string
  /**
   * Each case is run by a process of its own, which makes the cases for itself. For cases that share code: what the
   * compiler learned from one slows down or speeds up the next, depending on their order.
   */
  readonly ownProcesses?: true
  readonly cases: (size: Size) => readonly Case[] | Promise<readonly Case[]>
  readonly figures?: (size: Size) => readonly Figure[] | Promise<readonly Figure[]>
  /** In place of `figures` for a suite that also has tables of what it found. */
  readonly findings?: (size: Size) => Promise<Findings>
}

/** Figures, and tables by name that show what was measured. */
interface Findings {
  readonly figures: readonly Figure[]
  readonly tables: Readonly<Record<string, Table>>
}

/** A median over the rounds, and the quartiles around it. */
export interface Spread {
  readonly measured: number
  readonly low: number
  readonly high: number
}

/** The result of one case: medians over the rounds. */
export interface Measurement {
  readonly name: string
  readonly formerly?: string
  readonly nanosPerUnit: number
  readonly unit: string
  readonly unitsPerSecond: number
  /** Time a unit, as a multiple of the reference work that characterises a machine; see reference.ts. */
  readonly reference?: Spread
  readonly against?: Against & Spread & { readonly holds: boolean }
}

/** A figure and whether it is within its bounds. */
export type CheckedFigure = Figure & { readonly holds: boolean }

/** Whether a value is within bounds. */
export function within(value: number, { atMost = Number.POSITIVE_INFINITY, atLeast = 0 }: Bounds): boolean {
  return value <= atMost && value >= atLeast
}
