import type { Chunk } from '../../shared/pipeline/chunk.ts'
import { judgementIn } from '../../shared/pipeline/committed.ts'
import type {
  Archive,
  ArchiveEntry,
  CommittedJudgement,
  ExercisedRule,
  IncidentLedger,
  Lease,
  Marker,
  PendingSignal,
  RefusedChunk,
  SignalPublisher,
  SignalStore,
  Timer,
  Timers,
  TraceBuffer,
} from '../../shared/pipeline/ports.ts'
import type { PublishedEvent, SignalEvent } from '../../shared/pipeline/signal.ts'

const NONE: CommittedJudgement = { seen: [], verdicts: 0, truncated: false, signals: [], pending: [] }

/** The buffer as its contract says, in memory; pages hold two chunks so that every trace has several. */
export class MemoryBuffer implements TraceBuffer {
  readonly chunks = new Map<string, Map<string, Chunk>>()
  readonly markers = new Map<string, Marker>()
  private readonly onInsert: (chunk: Chunk) => void

  constructor(onInsert: (chunk: Chunk) => void = () => {}) {
    this.onInsert = onInsert
  }

  async append(chunks: Iterable<Chunk>): Promise<readonly RefusedChunk[]> {
    for (const chunk of chunks) {
      const trace = this.chunks.get(chunk.traceId) ?? new Map<string, Chunk>()
      if (trace.has(chunk.key)) continue
      this.chunks.set(chunk.traceId, trace.set(chunk.key, chunk))
      this.onInsert(chunk)
    }
    return []
  }

  async readMarker(traceId: string): Promise<Marker | undefined> {
    return this.markers.get(traceId)
  }

  async newestChunkKey(traceId: string): Promise<string | undefined> {
    return this.keys(traceId).at(-1)
  }

  async oldestChunkKey(traceId: string, after: string | undefined): Promise<string | undefined> {
    return this.keys(traceId).find((key) => after === undefined || key > after)
  }

  async *readChunks(traceId: string): AsyncGenerator<readonly Chunk[]> {
    let after = ''
    for (;;) {
      const page = this.keys(traceId)
        .filter((key) => key > after)
        .slice(0, 2)
      const last = page.at(-1)
      if (last === undefined) return
      after = last
      yield this.byKey(traceId, page)
    }
  }

  async readChunksByKey(traceId: string, keys: readonly string[]): Promise<readonly Chunk[]> {
    return this.byKey(traceId, keys)
  }

  async takeLease(traceId: string, read: Marker | undefined, lease: Lease): Promise<boolean> {
    const marker = this.markers.get(traceId)
    if (marker?.revision !== read?.revision || marker?.lease?.token !== read?.lease?.token) return false
    this.markers.set(traceId, { revision: 0, ...NONE, ...marker, lease })
    return true
  }

  async commit(traceId: string, token: string, verdict: CommittedJudgement): Promise<boolean> {
    const marker = this.owned(traceId, token)
    if (marker?.lease === undefined) return false
    const lease = verdict.pending.length > 0 ? { lease: marker.lease } : {}
    const { pending } = verdict
    this.markers.set(traceId, { ...judgementIn(verdict), pending, revision: marker.revision + 1, ...lease })
    return true
  }

  async settle(traceId: string, token: string, pending: readonly PendingSignal[]): Promise<boolean> {
    const marker = this.owned(traceId, token)
    if (marker === undefined) return false
    const { lease: _, ...rest } = marker
    this.markers.set(traceId, { ...rest, pending, revision: marker.revision + 1 })
    return true
  }

  async release(traceId: string, token: string): Promise<boolean> {
    const marker = this.owned(traceId, token)
    if (marker === undefined) return false
    const { lease: _, ...rest } = marker
    this.markers.set(traceId, rest)
    return true
  }

  remove(traceId: string, key: string): Chunk | undefined {
    const chunk = this.chunks.get(traceId)?.get(key)
    this.chunks.get(traceId)?.delete(key)
    return chunk
  }

  keys(traceId: string): readonly string[] {
    return [...(this.chunks.get(traceId)?.keys() ?? [])].sort()
  }

  private byKey(traceId: string, keys: readonly string[]): readonly Chunk[] {
    return keys.flatMap((key) => this.chunks.get(traceId)?.get(key) ?? [])
  }

  private owned(traceId: string, token: string): Marker | undefined {
    const marker = this.markers.get(traceId)
    return marker?.lease?.token === token ? marker : undefined
  }
}

export class MemoryTimers implements Timers {
  readonly armed: Timer[] = []
  readonly buried: Timer[] = []

  async arm(timers: readonly Timer[]): Promise<void> {
    this.armed.push(...timers)
  }

  async bury(timer: Timer): Promise<void> {
    this.buried.push(timer)
  }
}

export class MemoryArchive implements Archive {
  readonly entries: ArchiveEntry[] = []

  async write(entry: ArchiveEntry): Promise<void> {
    this.entries.push(entry)
  }
}

export class MemorySignals implements SignalStore {
  readonly recorded: PendingSignal[] = []

  async record(signals: readonly PendingSignal[]): Promise<void> {
    const known = new Set(this.recorded.map(({ event }) => event.id))
    this.recorded.push(...signals.filter(({ event }) => !known.has(event.id)))
  }
}

export class MemoryPublisher implements SignalPublisher {
  readonly published: PublishedEvent[] = []

  async publish(events: readonly PublishedEvent[]): Promise<readonly []> {
    this.published.push(...events)
    return []
  }
}

/** What the pipeline hands to incidents, as it comes. */
export class MemoryIncidentLedger implements IncidentLedger {
  readonly taken: SignalEvent[] = []
  readonly exercised: ExercisedRule[] = []

  async take(signals: readonly SignalEvent[]): Promise<void> {
    this.taken.push(...signals)
  }

  countExercise(rules: readonly ExercisedRule[]): void {
    this.exercised.push(...rules)
  }
}
