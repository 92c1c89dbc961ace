/** Cuts a list, in order, into runs of at most `maxItems` that together have at most `maxBytes`; a larger item is a run alone. */
export function cutBySize<Item>(
  items: readonly Item[],
  sizeBytes: (item: Item) => number,
  maxItems: number,
  maxBytes: number,
): readonly (readonly Item[])[] {
  const runs: Item[][] = []
  let room = 0
  for (const item of items) {
    const size = sizeBytes(item)
    const run = runs.at(-1)
    if (run === undefined || run.length === maxItems || size > room) {
      runs.push([item])
      room = maxBytes - size
    } else {
      run.push(item)
      room -= size
    }
  }
  return runs
}
