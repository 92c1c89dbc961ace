import type { Refusal } from '../../shared/pipeline/ingest.ts'
import type { Clock, Log } from '../../shared/pipeline/ports.ts'
import { RUNBOOK } from '../server/runbook.ts'
import type { Database } from '../sqlite/database.ts'
import { type Removal, removeJudgedChunks } from './judged-chunks.ts'
import { removeCopiedSignals, removeOldMarkers } from './old-rows.ts'

/** Above this share of its bound the database makes room, and health is degraded. */
const TIGHT = 0.8
/** DatabaseRoom is made down to this share. */
const ROOMY = 0.75
/** Kept free for judging: a tenth of the bound, at most so much. */
const MAX_RESERVE_BYTES = 256 * 1024 * 1024
/** Work done at a time, so that judging goes on meanwhile. */
const SLICE_MS = 100
/** The pause before the next look, after nothing more could be removed. */
const PAUSE_MS = 1_000
/** Health reports a refusal for this long. */
const REFUSED_MS = 10_000
/** What was removed early is said for so long; the log repeats neither within that time. */
const RECENT_MS = 600_000
const DAY_MS = 24 * 3_600_000

/** What is removed before its time where room is needed. */
export type Early = 'signals' | 'chunks' | 'markers'

export interface RoomOptions {
  readonly database: Database
  readonly maxBytes: number
  readonly judgeWindowMs: number
  readonly clock: Clock
  /** Milliseconds from any fixed point. */
  readonly stopwatch: () => number
  /** The clock may be wrong by much: what is old is not known. */
  readonly isClockDoubtful: () => boolean
  readonly log: Log
}

/** Keeps the database within its bound: makes room before it is full, and refuses spans while it is full. */
export class DatabaseRoom {
  private readonly options: RoomOptions
  private pausedUntilMs = Number.NEGATIVE_INFINITY
  private removedAtMs = Number.NEGATIVE_INFINITY
  private refusedAtMs = Number.NEGATIVE_INFINITY
  private making: Promise<void> | undefined
  /** Where to go on looking for chunks that can be removed. */
  private place: Removal['next']
  /** What was removed early since the start. */
  readonly removed: Record<Early, number> = { signals: 0, chunks: 0, markers: 0 }

  constructor(options: RoomOptions) {
    this.options = options
  }

  get maxBytes(): number {
    return this.options.maxBytes
  }

  /** Bytes that spans may fill: a part of the bound is kept for judging them. */
  private get ingestBytes(): number {
    const { maxBytes } = this.options
    return maxBytes - Math.min(maxBytes / 10, MAX_RESERVE_BYTES)
  }

  /** Whether spans were refused a moment ago because there was no room, or would be now. */
  isFull(): boolean {
    const { database, clock } = this.options
    return clock() - this.refusedAtMs < REFUSED_MS || database.sizeBytes() > this.ingestBytes
  }

  /** Returns a refusal where spans of this size may not be stored now. */
  refusal(bytes: number): Refusal | undefined {
    const { database, clock, log } = this.options
    const sizeBytes = database.sizeBytes()
    if (sizeBytes + bytes <= this.ingestBytes) return undefined
    if (clock() - this.refusedAtMs >= RECENT_MS) {
      const fields = { sizeBytes, maxBytes: this.maxBytes, runbook: RUNBOOK.filling }
      log('error', 'spans are refused until the database has room', fields)
    }
    this.refusedAtMs = clock()
    return { reason: 'database-full', message: 'the database is full, and makes room; send this again later' }
  }

  isTight(): boolean {
    return this.options.database.sizeBytes() > TIGHT * this.options.maxBytes
  }

  /** Something was removed early a short time ago. */
  hasRemoved(): boolean {
    return this.options.clock() - this.removedAtMs < RECENT_MS
  }

  /** Makes some room if there is little; to be called often. Rejects where the database cannot be written. */
  make(): Promise<void> {
    this.making ??= this.makeSome().finally(() => {
      this.making = undefined
    })
    return this.making
  }

  private async makeSome(): Promise<void> {
    const { stopwatch } = this.options
    if (stopwatch() < this.pausedUntilMs || !this.isTight()) return
    const endMs = stopwatch() + SLICE_MS
    const target = ROOMY * this.options.maxBytes
    const isRoomy = () => this.options.database.sizeBytes() <= target
    const isEnough = () => isRoomy() || stopwatch() >= endMs
    await this.removeInOrder(isEnough)
    if (!isEnough() && this.place === undefined) this.pausedUntilMs = stopwatch() + PAUSE_MS
  }

  /** What is missed least goes first. */
  private async removeInOrder(isEnough: () => boolean): Promise<void> {
    const { database, judgeWindowMs, clock, isClockDoubtful } = this.options
    const nowMs = clock()
    const isAgeKnown = !isClockDoubtful()
    if (isAgeKnown) this.note('signals', await removeCopiedSignals(database, nowMs - DAY_MS, isEnough))
    const chunks = await removeJudgedChunks(database, {
      beforeMs: Number.MAX_SAFE_INTEGER,
      after: this.place,
      isEnough,
    })
    this.place = chunks.next
    this.note('chunks', chunks.removed)
    if (isAgeKnown) this.note('markers', await removeOldMarkers(database, nowMs - judgeWindowMs, isEnough))
    this.note('signals', await removeCopiedSignals(database, Number.MAX_SAFE_INTEGER, isEnough))
  }

  private note(what: Early, count: number): void {
    if (count === 0) return
    if (!this.hasRemoved()) {
      const fields = { what, sizeBytes: this.options.database.sizeBytes(), runbook: RUNBOOK.filling }
      this.options.log('warn', 'the database is nearly full; what is missed least is removed before its time', fields)
    }
    this.removed[what] += count
    this.removedAtMs = this.options.clock()
  }
}
