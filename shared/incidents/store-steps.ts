import type { AlertCondition } from '../rules/ast.ts'
import type { ConditionFacts } from './alert-condition.ts'
import type { IncidentHead, IncidentMember } from './incident.ts'
import { perform, type Slow, type StepOf } from './steps.ts'

/*
 * The protocol is written as generators that yield one step on the store at a time. A database with transactions does all steps
 * of one in a single transaction; a table of single items does them one by one, and anything may happen between two; a model
 * does them in any order that can be.
 */

/** Members that are counted, and looked at for a condition. */
export const MAX_COUNTED = 10_000

/** What the protocol asks of the store; every step is atomic, and reads see every write before. */
export interface IncidentSteps {
  /** Stores a member unless it is there; returns what was there. */
  putMember(key: string, member: IncidentMember): MemberState | undefined
  /** Notes that a signal was retracted; false without such a member. */
  retractMember(key: string, signalId: string, firedAtMs: number): boolean
  readHead(key: string): IncidentHead | undefined
  /** Writes a head in place of the one whose version is one less; false where that is not what is there. */
  writeHead(key: string, head: IncidentHead): boolean
  /** Live members that fired from a time on: how many there are, `MAX_COUNTED` at most, and when the newest fired. */
  liveMembers(key: string, fromMs: number): LiveMembers
  /** What the condition of an incident looks at, from a time on. */
  facts(key: string, rule: string, alert: AlertCondition, fromMs: number): ConditionFacts
  /** How often a rule was exercised since a time, that of its own minute left out where only minutes are known. */
  exercise(rule: string, sinceMs: number): ExerciseCounts
  /** Open incidents of a rule in groups other than this one; may be a little behind. */
  openGroups(rule: string): number
}

export interface MemberState {
  readonly retracted: boolean
}

export interface LiveMembers {
  readonly count: number
  readonly newestMs?: number
}

/** Traces that exercised a rule, those that kept it, and when the last of them was judged. */
export interface ExerciseCounts {
  readonly exercised: number
  readonly held: number
  readonly lastMs?: number
}

/** One step of the protocol, by name, with its parameters. */
export type StoreStep = StepOf<IncidentSteps>

/** A part of the protocol that yields steps and is given their results. */
export type Protocol<Result> = Generator<StoreStep, Result, unknown>

/** The steps as parts of a protocol: `yield* store.readHead(key)`. */
export const store = {
  putMember: (key: string, member: IncidentMember) => step('putMember', [key, member]),
  retractMember: (key: string, signalId: string, firedAtMs: number) =>
    step('retractMember', [key, signalId, firedAtMs]),
  readHead: (key: string) => step('readHead', [key]),
  writeHead: (key: string, head: IncidentHead) => step('writeHead', [key, head]),
  liveMembers: (key: string, fromMs: number) => step('liveMembers', [key, fromMs]),
  facts: (...parameters: Parameters<IncidentSteps['facts']>) => step('facts', parameters),
  exercise: (rule: string, sinceMs: number) => step('exercise', [rule, sinceMs]),
  openGroups: (rule: string) => step('openGroups', [rule]),
}

function* step<Name extends keyof IncidentSteps>(
  name: Name,
  parameters: Parameters<IncidentSteps[Name]>,
): Protocol<ReturnType<IncidentSteps[Name]>> {
  return (yield { name, parameters } as StoreStep) as ReturnType<IncidentSteps[Name]>
}

/** Does all steps at once, as part of a transaction. */
export function atOnce<Result>(protocol: Protocol<Result>, steps: IncidentSteps): Result {
  let next = protocol.next()
  while (next.done !== true) next = protocol.next(perform<IncidentSteps>(next.value, steps))
  return next.value
}

/** The same steps, each with an answer to wait for. */
export type SlowSteps = Slow<IncidentSteps>

/** Does the steps one after another; those before `next` are done. */
export async function oneByOne<Result>(
  protocol: Protocol<Result>,
  steps: SlowSteps,
  next: IteratorResult<StoreStep, Result> = protocol.next(),
): Promise<Result> {
  let current = next
  while (current.done !== true) current = protocol.next(await perform<IncidentSteps>(current.value, steps))
  return current.value
}

/** Does the steps up to the first of a name, this one too; returns the step that follows. */
export async function upTo<Result>(
  name: StoreStep['name'],
  protocol: Protocol<Result>,
  steps: SlowSteps,
): Promise<IteratorResult<StoreStep, Result>> {
  let next = protocol.next()
  while (next.done !== true) {
    const { value } = next
    next = protocol.next(await perform<IncidentSteps>(value, steps))
    if (value.name === name) break
  }
  return next
}
