/** One thing measured: `run` does one iteration, perhaps by a promise, and returns something: no work is left out as unused. */
export interface Case {
  readonly name: string
  readonly run: () => unknown
  /** Units one iteration handles, and their name: 27 spans, 1 trace. */
  readonly units: number
  readonly unit: string
  /** Milliseconds since some moment, where the case does its work in other processes; else the bench's own. */
  readonly stopwatch?: () => number
  /** What it is compared with. */
  readonly against?: Comparison
}

/**
 * Time per unit of a case against that of another of the same suite, measured in the same rounds: `times slower` is
 * time/baseline, `times faster` is baseline/time. `atMost` and `atLeast` are what must hold.
 */
interface Comparison {
  readonly baseline: string
  readonly ratio: 'times slower' | 'times faster'
  readonly atMost?: number
  readonly atLeast?: number
}

/** The cases of one `*.bench.ts`, which exports `suite`; set-up happens in `cases`, outside the measured time. */
export interface Suite {
  readonly name: string
  readonly cases: () => readonly Case[] | Promise<readonly Case[]>
}

/** What came of one case: medians over the rounds. */
export interface Measurement {
  readonly name: string
  readonly nanosPerUnit: number
  readonly unit: string
  readonly unitsPerSecond: number
  readonly against?: Comparison & { readonly measured: number; readonly holds: boolean }
}
