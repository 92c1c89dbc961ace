import type { ExperimentEvent } from './experiment.ts'
import type { ExperimentVerdict } from './experiment-verdict.ts'

/** Keeps what was said of experiments, and the verdicts on them. Fails with a StorageError and nothing else. */
export interface ExperimentStore {
  /** Resolved means durable; the same said again (its `eventKey`) changes nothing. */
  append(event: ExperimentEvent): Promise<void>
  /** Everything said of one experiment, in no order. */
  eventsOf(experiment: string): Promise<readonly ExperimentEvent[]>
  /** At least the events from `fromMs` to `toMs` (by `eventTimeMs`), of all experiments. */
  eventsBetween(fromMs: number, toMs: number): Promise<readonly ExperimentEvent[]>
  /** The latest verdict, with what it was based on. */
  readVerdict(experiment: string): Promise<KeptVerdict | undefined>
  /** Keeps a verdict in place of the one with the sequence before; false if another one was faster. */
  keepVerdict(experiment: string, kept: KeptVerdict): Promise<boolean>
  /** Remembers that a trace of the experiment was judged after its window had been over for long. */
  noteLate(experiment: string, atMs: number): Promise<void>
  /** How far verdicts on the experiment have come, without what they say. */
  stateOf(experiment: string): Promise<VerdictState>
}

export interface VerdictState {
  /** The latest verdict; undefined where none was given. */
  readonly kept: Omit<KeptVerdict, 'verdict'> | undefined
  /** When a trace was last judged late, in milliseconds since 1970; 0 if never. */
  readonly lateMs: number
}

/** A verdict and its place in the row of verdicts on the experiment. */
export interface KeptVerdict {
  /** 1, 2, 3 … with each revision. */
  readonly sequence: number
  /** Changes with whatever the verdict depends on: another basis asks for a revision. */
  readonly basis: string
  /** It was handed to the publisher. */
  readonly published: boolean
  readonly verdict: ExperimentVerdict
}
