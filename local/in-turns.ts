import { setImmediate as turn } from 'node:timers/promises'

/** Items in hand at a time: their writes share transactions, and a sync to the disk serves them all. */
const MAX_ITEMS = 256
/** Bytes in hand at a time, of which an item alone may have more. */
const MAX_BYTES = 128 * 1024 * 1024
/** Bytes begun before whoever else waits for the process has a turn: about 5 ms of judging. */
const TURN_BYTES = 128 * 1024

/**
 * Does `work` on every item, many at a time but not more bytes of them than fit into memory, and lets requests have the
 * process in between. Begins no more once `stopped` says so; resolves when what was begun is done.
 */
export async function inTurns<Item>(
  items: readonly Item[],
  sizeBytes: (item: Item) => number,
  work: (item: Item) => Promise<void>,
  stopped: () => boolean,
): Promise<void> {
  const begun: Promise<void>[] = []
  const inHand = { items: 0, bytes: 0 }
  let turnBytes = 0
  let onDone = () => {}
  const begin = async (item: Item, size: number) => {
    inHand.items++
    inHand.bytes += size
    try {
      await work(item)
    } finally {
      inHand.items--
      inHand.bytes -= size
      onDone()
    }
  }
  for (const item of items) {
    const size = sizeBytes(item)
    while (inHand.items > 0 && (inHand.items >= MAX_ITEMS || inHand.bytes + size > MAX_BYTES)) {
      await new Promise<void>((resolve) => {
        onDone = resolve
      })
    }
    if (stopped()) break
    const done = begin(item, size)
    // It is told of below, when all have ended; until then a failure is nobody's to miss.
    done.catch(() => {})
    begun.push(done)
    turnBytes += size
    if (turnBytes < TURN_BYTES) continue
    turnBytes = 0
    await turn()
  }
  await Promise.all(begun)
}
