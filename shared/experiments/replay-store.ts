import type { ObjectStore } from '../archive/object-store.ts'
import { planReplay } from '../replay/plan.ts'
import { reportOf } from '../replay/report.ts'
import { addTally, newTally } from '../replay/tally.ts'
import { newWorker, workOn } from '../replay/work.ts'
import { compileRules } from '../rules/compile.ts'
import type { Replay } from './verdict.ts'

/** Items that are worked on as a whole hold at most so much of the archive: a few hundred MB of memory. */
const MOST_ITEM_BYTES = 64 * 1024 * 1024

/** Replays what a store holds, item by item, in this thread. */
export function replayOf(store: ObjectStore, sampleLimit: number): Replay {
  return async (rules, range) => {
    const plan = await planReplay(store, range, { mostItemBytes: MOST_ITEM_BYTES })
    const worker = newWorker(store, compileRules(rules), range, sampleLimit)
    const sum = newTally(rules.length)
    for (const item of plan.items) addTally(sum, await workOn(worker, item), sampleLimit)
    return reportOf(range, plan, rules, sum)
  }
}
