/** Functions that work on shares. */
export interface Fleet {
  /** Most at once. */
  readonly concurrency: number
  /** How many more may be running each second: Lambda starts 1,000 in ten, the map its children. */
  readonly startsASecond: number
}

/** How shares were worked through. */
export interface Schedule {
  /** From the first start to the last end. */
  readonly seconds: number
  /** Sum over the workers; what is billed. */
  readonly busySeconds: number
  readonly workers: number
}

/**
 * Gives each share, in order, to the worker that is free first; a new one starts, with a cold start, while there
 * may be more of them and none is free.
 */
export function schedule(shares: readonly number[], fleet: Fleet, coldStartSeconds: number): Schedule {
  const free: number[] = []
  let workers = 0
  let end = 0
  let busySeconds = 0
  for (const seconds of shares) {
    const startable = workers < fleet.concurrency ? workers / fleet.startsASecond : Number.POSITIVE_INFINITY
    const earliest = free[0] ?? Number.POSITIVE_INFINITY
    const isNew = startable + coldStartSeconds < earliest
    const from = isNew ? startable : earliest
    const spent = seconds + (isNew ? coldStartSeconds : 0)
    if (isNew) workers++
    else pop(free)
    push(free, from + spent)
    busySeconds += spent
    end = Math.max(end, from + spent)
  }
  return { seconds: end, busySeconds, workers }
}

/** A binary heap, least first. */
function push(heap: number[], value: number): void {
  let at = heap.push(value) - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if ((heap[parent] as number) <= value) break
    heap[at] = heap[parent] as number
    at = parent
  }
  heap[at] = value
}

function pop(heap: number[]): void {
  const value = heap.pop() as number
  if (heap.length === 0) return
  let at = 0
  for (;;) {
    const left = 2 * at + 1
    if (left >= heap.length) break
    const right = left + 1
    const least = right < heap.length && (heap[right] as number) < (heap[left] as number) ? right : left
    if ((heap[least] as number) >= value) break
    heap[at] = heap[least] as number
    at = least
  }
  heap[at] = value
}
