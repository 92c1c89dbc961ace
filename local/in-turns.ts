import { setImmediate as turn } from 'node:timers/promises'
import { newSemaphore } from '../shared/concurrency/semaphore.ts'

/** Bytes in hand at a time; an item alone may have more. About 2 s of judging: what comes next waits for them. */
const MAX_BYTES = 8 * 1024 * 1024
/** What an item counts at least, so that at most 256 are in hand: their writes share transactions, and one sync to the disk serves all. */
const LEAST_BYTES = MAX_BYTES / 256
/** Bytes begun before whoever else waits for the process has a turn: about 5 ms of judging. */
const TURN_BYTES = 128 * 1024

/**
 * Does `work` on the items that `more` gives, many at a time but not more bytes of them than fit into memory, and lets
 * requests have the process in between. `more` is asked again as soon as its items are begun, and whenever one ends
 * after it had none (undefined). Resolves when it has none and all are done; rejects after that where something failed.
 */
export async function inTurns<Item>(
  more: () => Promise<readonly Item[] | undefined>,
  sizeBytes: (item: Item) => number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const semaphore = newSemaphore(MAX_BYTES)
  const failures: unknown[] = []
  let inHand = 0
  let turnBytes = 0
  let onDone = () => {}
  const oneDone = () =>
    new Promise<void>((resolve) => {
      onDone = resolve
    })
  const begin = async (item: Item, release: () => void) => {
    inHand++
    try {
      await work(item)
    } catch (error) {
      failures.push(error)
    } finally {
      inHand--
      release()
      onDone()
    }
  }
  const ask = async () => {
    try {
      return failures.length > 0 ? undefined : await more()
    } catch (error) {
      failures.push(error)
      return undefined
    }
  }
  for (let items = await ask(); items !== undefined || inHand > 0; items = await ask()) {
    if (items === undefined) await oneDone()
    for (const item of items ?? []) {
      const size = sizeBytes(item)
      void begin(item, await semaphore.acquire(Math.max(size, LEAST_BYTES)))
      turnBytes += size
      if (turnBytes < TURN_BYTES) continue
      turnBytes = 0
      await turn()
    }
  }
  if (failures.length > 0) throw failures[0]
}
