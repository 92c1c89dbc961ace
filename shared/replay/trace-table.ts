import { hashOf } from '../archive/slice.ts'

/** A record of some object: a trace in some revision, or spans that came too late for it. */
export interface Part {
  readonly traceId: Buffer
  readonly revision: number
  readonly late: boolean
}

/** Which of the parts of a trace count. */
export interface Occurrence {
  /** The highest revision of the whole trace; 0 where there are only late parts. */
  readonly revision: number
  /** How many times it is there in that revision: more than once where it was archived twice. */
  readonly wholes: number
  readonly lateParts: number
}

export interface Occurrences {
  of(traceId: Buffer): Occurrence | undefined
  /** Share of the traces that lie in more than one part, from 0 to 1. */
  spreadShare(): number
}

const ID_BYTES = 16
const FIRST_CAPACITY = 1024

/**
 * In how many parts traces lie. An hour may have millions, so they are kept in typed arrays, 40 bytes or so each, with a
 * hash table of open addresses over them: objects in a Map took four times as much, and the collector's time.
 */
export class TraceTable implements Occurrences {
  private size = 0
  private ids = Buffer.alloc(FIRST_CAPACITY * ID_BYTES)
  private revisions = new Int32Array(FIRST_CAPACITY)
  private wholes = new Int32Array(FIRST_CAPACITY)
  private lateParts = new Int32Array(FIRST_CAPACITY)
  /** 1 + the place of an entry; 0: free. Twice as many as entries, a power of two. */
  private slots = new Int32Array(2 * FIRST_CAPACITY)

  add({ traceId, revision, late }: Part): void {
    const entry = this.entryOf(traceId)
    const highest = this.revisions[entry] as number
    if (late) this.lateParts[entry] = (this.lateParts[entry] as number) + 1
    else if (revision === highest) this.wholes[entry] = (this.wholes[entry] as number) + 1
    else if (revision > highest) {
      this.revisions[entry] = revision
      this.wholes[entry] = 1
    }
  }

  of(traceId: Buffer): Occurrence | undefined {
    const entry = (this.slots[this.slotOf(traceId)] as number) - 1
    if (entry < 0) return undefined
    return {
      revision: this.revisions[entry] as number,
      wholes: this.wholes[entry] as number,
      lateParts: this.lateParts[entry] as number,
    }
  }

  spreadShare(): number {
    let spread = 0
    for (let entry = 0; entry < this.size; entry++) {
      if ((this.wholes[entry] as number) !== 1 || (this.lateParts[entry] as number) > 0) spread++
    }
    return spread / Math.max(1, this.size)
  }

  private entryOf(traceId: Buffer): number {
    const slot = this.slotOf(traceId)
    const known = this.slots[slot] as number
    if (known > 0) return known - 1
    const entry = this.size++
    this.slots[slot] = entry + 1
    traceId.copy(this.ids, entry * ID_BYTES, 0, ID_BYTES)
    if (this.size === this.revisions.length) this.grow()
    return entry
  }

  /** Where the trace is, or is to be. */
  private slotOf(traceId: Buffer): number {
    const mask = this.slots.length - 1
    // A slice holds ids of like hashes: another multiplication spreads them.
    let slot = (Math.imul(hashOf(traceId), 0x9e3779b1) >>> 7) & mask
    for (;;) {
      const entry = (this.slots[slot] as number) - 1
      if (entry < 0 || this.ids.compare(traceId, 0, ID_BYTES, entry * ID_BYTES, (entry + 1) * ID_BYTES) === 0)
        return slot
      slot = (slot + 1) & mask
    }
  }

  private grow(): void {
    const capacity = 2 * this.revisions.length
    this.ids = Buffer.concat([this.ids], capacity * ID_BYTES)
    this.revisions = widened(this.revisions, capacity)
    this.wholes = widened(this.wholes, capacity)
    this.lateParts = widened(this.lateParts, capacity)
    this.slots = new Int32Array(2 * capacity)
    for (let entry = 0; entry < this.size; entry++) {
      const traceId = this.ids.subarray(entry * ID_BYTES, (entry + 1) * ID_BYTES)
      this.slots[this.slotOf(traceId)] = entry + 1
    }
  }
}

function widened(values: Int32Array, capacity: number): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(capacity)
  wider.set(values)
  return wider
}
