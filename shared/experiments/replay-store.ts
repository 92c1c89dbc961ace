import { SPANS_PREFIX } from '../archive/object-key.ts'
import type { ObjectStore } from '../archive/object-store.ts'
import { planReplay } from '../replay/plan.ts'
import { reportOf } from '../replay/report.ts'
import { addTally, newTally } from '../replay/tally.ts'
import { newWorker, workOn } from '../replay/work.ts'
import { compileRules } from '../rules/compile/compile.ts'
import type { Replay } from './verdict.ts'

/** The most bytes of the archive that one item may hold: it takes a few hundred MB of memory. */
const MAX_ITEM_BYTES = 64 * 1024 * 1024

/**
 * Replays what a store holds, item by item, in this thread. Of a range with more than `mostBytes` nothing is read, which
 * is among the report's failures.
 */
export function replayOf(store: ObjectStore, sampleLimit: number, mostBytes = Number.POSITIVE_INFINITY): Replay {
  return async (rules, range) => {
    const plan = await planReplay(store, range, { mostItemBytes: MAX_ITEM_BYTES })
    const worker = newWorker(store, compileRules(rules), range, sampleLimit)
    const sum = newTally(rules.length)
    if (plan.bytes > mostBytes) {
      const reason = `${Math.ceil(plan.bytes / 1e9)} GB are too much to judge here; ask replay about this range`
      sum.failures.push({ key: SPANS_PREFIX, reason })
      return reportOf(range, plan, rules, sum)
    }
    for (const item of plan.items) addTally(sum, await workOn(worker, item), sampleLimit)
    return reportOf(range, plan, rules, sum)
  }
}
