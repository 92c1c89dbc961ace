import { inParallel } from '../concurrency/in-parallel.ts'
import type { WorkItem } from './plan.ts'
import { addTally, newTally, type Tally } from './tally.ts'

/** How the items of a replay are judged. */
export interface Drive {
  readonly items: readonly WorkItem[]
  readonly ruleCount: number
  /** Violations kept of each rule. */
  readonly sampleLimit: number
  readonly itemsAtOnce: number
  /** Items of more bytes are judged after the others, one by one, for memory. */
  readonly largeItemBytes?: number
  /** Judges one item. */
  readonly judgeItem: (item: WorkItem) => Promise<Tally>
  /** Stops the replay, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Called after each item with how many are done. */
  readonly onProgress?: ((done: number, sum: Tally) => void) | undefined
}

/** Judges all items, some of them at once, and adds up what each gave. */
export async function driveReplay(drive: Drive): Promise<Tally> {
  const { items, itemsAtOnce, sampleLimit, largeItemBytes = Number.POSITIVE_INFINITY } = drive
  const sum = newTally(drive.ruleCount)
  let done = 0
  const judge = async (item: WorkItem) => {
    drive.signal?.throwIfAborted()
    addTally(sum, await drive.judgeItem(item), sampleLimit)
    drive.onProgress?.(++done, sum)
  }
  const isLarge = ({ objects }: WorkItem) =>
    objects.reduce((bytes, each) => bytes + each.byteLength, 0) > largeItemBytes
  await inParallel(
    items.filter((item) => !isLarge(item)),
    itemsAtOnce,
    judge,
  )
  await inParallel(items.filter(isLarge), 1, judge)
  return sum
}
