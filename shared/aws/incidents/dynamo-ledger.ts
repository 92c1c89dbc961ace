import { type Gather, gather } from '../../concurrency/batch.ts'
import { inParallel } from '../../concurrency/in-parallel.ts'
import { ExerciseTally } from '../../incidents/exercise-tally.ts'
import type { IncidentHead } from '../../incidents/incident.ts'
import { takeSignal } from '../../incidents/open-incident.ts'
import { rulesInForce } from '../../incidents/rules-in-force.ts'
import { oneByOne, type Protocol, type SlowSteps, type StoreStep, upTo } from '../../incidents/store-steps.ts'
import type { ExercisedRule, IncidentLedger, Log } from '../../pipeline/ports.ts'
import type { SignalEvent } from '../../pipeline/signal.ts'
import { cachedHeads } from './cached-heads.ts'
import type { DynamoIncidents } from './dynamo-incidents.ts'
import { type IncidentRules, incidentContext } from './incident-context.ts'
import { ruleHash } from './incident-items.ts'

interface LedgerDeps extends IncidentRules {
  readonly incidents: DynamoIncidents
  readonly log: Log
}

/** Signals taken in together: their members are written at the same time, and one look at the head serves them all. */
const MAX_TOGETHER = 200
const WIDTH = 16
/** Groups of rules that are known to have an incident. */
const MAX_KNOWN = 10_000
/** What is lost with a function that ends is at most what was counted in this time; it only delays an end. */
const FLUSH_EVERY_MS = 10_000

/** A signal whose member is stored, and what is left to do for it. */
interface Begun {
  readonly signal: SignalEvent
  readonly protocol: Protocol<void>
  readonly next: IteratorResult<StoreStep, void> | undefined
}

/** The incidents of a stack, as an evaluator sees them: takes signals in, and counts how often rules are exercised. */
export class DynamoIncidentLedger implements IncidentLedger {
  private readonly deps: LedgerDeps
  private readonly tally = new ExerciseTally()
  private readonly takeTogether: Gather<readonly SignalEvent[], unknown>
  private readonly known = new Map<string, IncidentHead>()
  /** Rules that fired since exercise was written: the index may not show their incidents yet. */
  private readonly fired = new Set<string>()
  private flushedMs = 0

  constructor(deps: LedgerDeps) {
    this.deps = deps
    const limits = { maxItems: MAX_TOGETHER, maxBytes: MAX_TOGETHER, sizeBytes: lengthOf }
    this.takeTogether = gather((lists) => this.takeLists(lists), limits)
  }

  /** The signals of one trace stay in order; a failure is that of this trace alone. */
  async take(signals: readonly SignalEvent[]): Promise<void> {
    const failure = await this.takeTogether(signals)
    if (failure !== undefined) throw failure
  }

  countExercise(rules: readonly ExercisedRule[]): void {
    this.tally.count(rules, this.deps.clock())
  }

  /** Writes down what was counted, of the rules that it matters for; at most every ten seconds. Never throws. */
  async flush(): Promise<void> {
    const { incidents, clock, log } = this.deps
    const nowMs = clock()
    if (nowMs >= this.flushedMs && nowMs < this.flushedMs + FLUSH_EVERY_MS) return
    const minutes = this.tally.take()
    if (minutes.length === 0) return
    this.flushedMs = nowMs
    try {
      const counts = await this.countedRules()
      this.tally.giveBack(await incidents.addExercise(minutes.filter(({ rule }) => counts(rule))))
    } catch (error) {
      this.tally.giveBack(minutes)
      log('warn', 'exercise of rules not counted yet', { reason: String(error) })
    }
  }

  /** Rules that alert at a share, and those with an open incident: nobody asks for the others. */
  private async countedRules(): Promise<(rule: string) => boolean> {
    const rules = rulesInForce(await this.deps.rules.current())
    const open = new Set(await this.deps.incidents.openRules())
    const fired = new Set(this.fired)
    this.fired.clear()
    return (rule) => rules.get(rule)?.alert.kind === 'share' || fired.has(rule) || open.has(ruleHash(rule))
  }

  /** Returns, for each list, why one of its signals could not be taken. */
  private async takeLists(lists: readonly (readonly SignalEvent[])[]): Promise<readonly unknown[]> {
    const context = await incidentContext(this.deps)
    const failures = new Map<SignalEvent, unknown>()
    const noting = async (signal: SignalEvent, work: () => Promise<void>) => {
      try {
        await work()
      } catch (error) {
        failures.set(signal, error)
      }
    }
    const begun: Begun[] = []
    const members = this.knowingHeads()
    const signals = lists.flat()
    const begin = (signal: SignalEvent, at: number) =>
      noting(signal, async () => {
        const protocol = takeSignal(signal, context)
        const isFiring = signal.status === 'firing'
        begun[at] = { signal, protocol, next: isFiring ? await upTo('putMember', protocol, members) : undefined }
      })
    await inParallel([...signals.keys()], WIDTH, (at) => begin(signals[at] as SignalEvent, at))
    // Heads are read from here on, after every member is stored: the last of several evaluators sees all.
    const byRule = Map.groupBy(Object.values(begun), ({ signal }) => signal.data.signal)
    await inParallel([...byRule.values()], WIDTH, (ofRule) => this.finish(ofRule, noting))
    return lists.map((list) => list.map((signal) => failures.get(signal)).find((failure) => failure !== undefined))
  }

  private async finish(
    begun: readonly Begun[],
    noting: (signal: SignalEvent, work: () => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const { steps, forget } = cachedHeads(this.deps.incidents)
    for (const { signal, protocol, next } of begun) {
      // A retraction may end the incident, so it reads the head as it is now.
      if (signal.status === 'retracted') forget()
      else if (signal.status === 'firing') this.fired.add(signal.data.signal)
      await noting(signal, () => oneByOne(protocol, steps, next ?? protocol.next()))
    }
  }

  /** An incident that was there once is there: which group a signal belongs to needs no newer look. */
  private knowingHeads(): SlowSteps {
    const { steps } = cachedHeads(this.deps.incidents)
    const { known } = this
    return {
      ...steps,
      async readHead(key) {
        const head = known.get(key) ?? (await steps.readHead(key))
        if (head === undefined) return undefined
        if (known.size >= MAX_KNOWN) known.clear()
        known.set(key, head)
        return head
      },
    }
  }
}

function lengthOf(signals: readonly SignalEvent[]): number {
  return signals.length
}
