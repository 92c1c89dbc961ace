/** Takes single items, hands them on in groups; each caller gets its own result, or the failure of its group. */
export type Gather<Item, Result> = (item: Item) => Promise<Result>

interface Waiting<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (failure: unknown) => void
}

/** When a group is handed on: when it is full; else when the group before it is done and its first item waited. */
export interface GatherLimits<Item> {
  readonly maxItems: number
  /** Reached or passed by the last item of a full group; an item's size is `sizeBytes`. */
  readonly maxBytes: number
  readonly sizeBytes: (item: Item) => number
  /** Resolves when the first item of a group has waited for others; without it items wait for the group before alone. */
  readonly patience?: () => Promise<unknown>
}

/**
 * Groups what is asked for at the same time: requests to AWS are billed one by one, so the traces that a function
 * works on side by side share them. `flush` gives one result an item, in order.
 */
export function gather<Item, Result>(
  flush: (items: readonly Item[]) => Promise<readonly Result[]>,
  limits: GatherLimits<Item>,
): Gather<Item, Result> {
  let waiting: Waiting<Item, Result>[] = []
  let bytes = 0
  let before: Promise<unknown> = Promise.resolve()
  const handOn = () => {
    const group = waiting
    waiting = []
    bytes = 0
    if (group.length > 0) before = deliver(group, flush)
  }
  const handOnLater = async () => {
    await Promise.all([before, limits.patience?.()])
    handOn()
  }
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      bytes += limits.sizeBytes(item)
      if (waiting.length >= limits.maxItems || bytes >= limits.maxBytes) handOn()
      else if (waiting.length === 1) handOnLater()
    })
}

async function deliver<Item, Result>(
  group: readonly Waiting<Item, Result>[],
  flush: (items: readonly Item[]) => Promise<readonly Result[]>,
): Promise<void> {
  try {
    const results = await flush(group.map(({ item }) => item))
    group.forEach(({ resolve }, i) => {
      resolve(results[i] as Result)
    })
  } catch (failure) {
    for (const { reject } of group) reject(failure)
  }
}
