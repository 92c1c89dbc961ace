import { HOUR_MS } from '../../shared/archive/object-key.ts'
import type { ObjectStore } from '../../shared/archive/object-store.ts'
import type { Clock, Log, RuleSet } from '../../shared/pipeline/ports.ts'
import type { RuleStates } from '../../shared/pipeline/rule-state.ts'
import { planListedHour } from '../../shared/replay/plan.ts'
import type { ReplayRange } from '../../shared/replay/range.ts'
import { askedOfHour, hourSummaryOf, itemsWithin, type JudgeHour } from '../../shared/replay/states/judge-hour.ts'
import { ruleStatesOver } from '../../shared/replay/states/rule-states.ts'
import { closedHours, summariseHours } from '../../shared/replay/states/summarise.ts'
import { folderStore } from '../archive/folder-store.ts'
import { archiveFolder } from '../archive/parquet-archive.ts'
import { tallyLocally } from '../replay/replay.ts'
import type { RulesWatcher } from '../rules/rules-watcher.ts'

/** What is judged of one hour: more would keep a core busy for minutes. About 10 million spans. */
const MAX_HOUR_BYTES = 512 * 1024 * 1024
const MAX_ITEM_BYTES = 64 * 1024 * 1024
/** Judging more than this in the main thread would keep spans waiting. */
const OWN_THREAD_BYTES = 256 * 1024

/** What the summaries are made of, and for which rules. */
interface SummarySubjects {
  readonly dataFolder: string
  readonly rules: Pick<RulesWatcher, 'state'>
  readonly clock: Clock
  readonly log: Log
}

/** Makes the summaries of closed hours in a data folder, and knows the states of the rules over the last 24 of them. */
export class RuleSummaries {
  private readonly subjects: SummarySubjects
  private readonly store: ObjectStore
  private readonly closing = new AbortController()
  private known: RuleStates | undefined
  private done: { readonly set: RuleSet; readonly toMs: number } | undefined

  constructor(subjects: SummarySubjects) {
    this.subjects = subjects
    this.store = folderStore(archiveFolder(subjects.dataFolder))
  }

  /** Over the last 24 closed hours; undefined until they were read once. Rules that came since are not among them. */
  get states(): RuleStates | undefined {
    return this.known
  }

  /** Works once for each hour that closes, and when the rules in force change. */
  async runDue(): Promise<void> {
    const { rules, clock, log } = this.subjects
    const { set } = rules.state
    const range = closedHours(clock())
    const isDone = this.done?.set === set && this.done.toMs === range.toMs
    if (isDone || this.closing.signal.aborted) return
    const judge = localHourJudge(this.subjects.dataFolder, this.store, this.closing.signal)
    const hasTime = () => !this.closing.signal.aborted
    try {
      const { hours } = await summariseHours({ store: this.store, range, rules: set.rules, judge, hasTime })
      // Its hours are only a part of the day.
      if (this.closing.signal.aborted) return
      const keptBack = new Set(set.keptBack.map(({ name }) => name))
      this.known = ruleStatesOver(range, set.rules, keptBack, hours)
    } catch (error) {
      if (this.closing.signal.aborted) return
      throw error
    }
    this.done = { set, toMs: range.toMs }
    for (const hour of this.known.partialHours) log('warn', 'hour too large to be summarised as a whole', { hour })
  }

  /** Leaves what it has in hand; the next start does it. */
  stop(): void {
    this.closing.abort(new Error('the server closes'))
  }
}

/** Judges an hour in a thread of its own, a small one in this thread. */
function localHourJudge(dataFolder: string, store: ObjectStore, signal: AbortSignal): JudgeHour {
  return async ({ hourMs, objects }, rules) => {
    const planned = await planListedHour(store, hourMs, objects, { mostItemBytes: MAX_ITEM_BYTES })
    const items = itemsWithin(planned, MAX_HOUR_BYTES)
    const bytes = objects.reduce((sum, { byteLength }) => sum + byteLength, 0)
    const range: ReplayRange = { fromMs: hourMs, toMs: hourMs + HOUR_MS }
    const threads = bytes > OWN_THREAD_BYTES ? 1 : 0
    const asked = askedOfHour(rules)
    const folder = archiveFolder(dataFolder)
    const tally = await tallyLocally({
      folder,
      rules: asked,
      range,
      sampleLimit: 0,
      plan: { items, bytes },
      threads,
      signal,
    })
    return hourSummaryOf(rules, objects, tally, items.length < planned.length)
  }
}
