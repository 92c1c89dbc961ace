/** Requests that take turns with those of other lanes. */
export interface Lane {
  /** What its requests under way hold in memory. */
  heldBytes: number
  readonly waiting: (() => void)[]
}

export function newLane(): Lane {
  return { heldBytes: 0, waiting: [] }
}

/** Of one lane; a request that holds more is let in alone. */
const LANE_BYTES = 8 * 1024 * 1024
/** Of all lanes. */
const TOTAL_BYTES = 256 * 1024 * 1024
/** Work begun before whoever else waits for the process has a turn. */
const TURN_MS = 10

/**
 * Begins the work of requests one lane after another, so that those of one sender do not wait for all of another's.
 * A lane has a few megabytes in hand: what it sends beyond waits as the bytes that came.
 */
export class RequestTurns {
  private readonly stopwatch: () => number
  private readonly defer: (work: () => void) => void
  /** Lanes with requests that wait, the next one first. */
  private lanes: Lane[] = []
  private totalBytes = 0
  private usedMs = 0
  private deferred = false

  constructor(stopwatch: () => number = () => performance.now(), defer: (work: () => void) => void = setImmediate) {
    this.stopwatch = stopwatch
    this.defer = defer
  }

  /** What requests under way hold in memory, those of all lanes. */
  get heldBytes(): number {
    return this.totalBytes
  }

  /** Does `work` when it is its turn. */
  run<Result>(lane: Lane, work: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      lane.waiting.push(() => void work().then(resolve, reject))
      if (lane.waiting.length === 1) this.lanes.push(lane)
      this.begin()
    })
  }

  /** Notes that a request of the lane holds more bytes; fewer, if the number is negative. */
  hold(lane: Lane, bytes: number): void {
    lane.heldBytes += bytes
    this.totalBytes += bytes
    if (bytes < 0) this.begin()
  }

  private begin(): void {
    while (this.usedMs < TURN_MS && this.totalBytes < TOTAL_BYTES) {
      const lane = this.lanes.find(({ heldBytes }) => heldBytes < LANE_BYTES)
      if (lane === undefined) return
      this.lanes = this.lanes.filter((each) => each !== lane)
      const work = lane.waiting.shift()
      if (lane.waiting.length > 0) this.lanes.push(lane)
      const startedMs = this.stopwatch()
      work?.()
      this.usedMs += this.stopwatch() - startedMs
      this.endTurn()
    }
  }

  private endTurn(): void {
    if (this.deferred) return
    this.deferred = true
    this.defer(() => {
      this.deferred = false
      this.usedMs = 0
      this.begin()
    })
  }
}
