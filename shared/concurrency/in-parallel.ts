import { newSemaphore } from './semaphore.ts'

/** Runs `work` over all items, at most `width` at a time; the first failure rejects once all that were started have ended. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const semaphore = newSemaphore(width)
  const results: Result[] = new Array(items.length)
  const failures: unknown[] = []
  const workOn = async (item: Item, index: number) => {
    if (failures.length > 0) return
    try {
      results[index] = await work(item)
    } catch (failure) {
      failures.push(failure)
    }
  }
  await Promise.all(items.map((item, index) => semaphore.run(() => workOn(item, index))))
  if (failures.length > 0) throw failures[0]
  return results
}
