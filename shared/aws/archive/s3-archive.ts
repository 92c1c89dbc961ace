import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { HOUR_MS, objectKey } from '../../archive/object-key.ts'
import type { ObjectStore } from '../../archive/object-store.ts'
import { type SignalLine, signalLine, signalObjects } from '../../archive/signal-objects.ts'
import { type TraceRecord, traceRecords, traceToArchive } from '../../archive/trace-record.ts'
import { writeObject } from '../../archive/write-object.ts'
import { type Gather, gather } from '../../concurrency/batch.ts'
import type { Archive, ArchiveEntry, PendingSignal, SignalStore } from '../../pipeline/ports.ts'
import { asked } from '../aws-failure.ts'
import type { Pause } from '../until-taken.ts'

/** What an archive writes to. */
export interface WrittenBucket {
  readonly client: S3Client
  readonly name: string
  readonly pause: Pause
}

/** Signals recorded side by side reach this point within a few milliseconds of each other. */
const PATIENCE_MS = 5
const GROUP_ITEMS = 500
/** Of chunks, inflated: decoded they take some five times as much. */
const GROUP_BYTES = 8 * 1024 * 1024

interface WaitingTrace {
  readonly records: readonly TraceRecord[]
  readonly bytes: number
}

/**
 * Keeps judged traces as Parquet, an object an hour for all that are written at the same time. A trace that cannot be
 * decoded fails alone, a write that fails fails for every trace of its object.
 */
export class S3ParquetArchive implements Archive {
  private readonly put: Gather<WaitingTrace, void>

  /** `patience` resolves when the first trace of an object has waited long enough for others. */
  constructor(store: ObjectStore, patience: () => Promise<unknown>) {
    this.put = gather((waiting) => putObjects(store, waiting), {
      maxItems: GROUP_ITEMS,
      maxBytes: GROUP_BYTES,
      sizeBytes: ({ bytes }) => bytes,
      patience,
    })
  }

  async write(entry: ArchiveEntry): Promise<void> {
    const trace = traceToArchive(entry)
    await this.put({ records: traceRecords(trace), bytes: trace.chunks.reduce((sum, { length }) => sum + length, 0) })
  }
}

async function putObjects(store: ObjectStore, waiting: readonly WaitingTrace[]): Promise<readonly undefined[]> {
  const records = waiting.flatMap((trace) => trace.records)
  const hours = Map.groupBy(records, ({ filing }) => Math.floor(filing.atMs / HOUR_MS) * HOUR_MS)
  const redact = await store.redacted()
  await Promise.all(
    [...hours].map(([hourMs, group]) => {
      const { bytes } = writeObject(group, redact)
      return store.put(objectKey(hourMs, bytes, 'written'), bytes)
    }),
  )
  return waiting.map(() => undefined)
}

/** Keeps every signal as gzipped JSON lines; a reader takes an event id once, however often it was written. */
export class S3SignalStore implements SignalStore {
  private readonly put: Gather<readonly PendingSignal[], void>

  constructor(bucket: WrittenBucket) {
    const put = async (groups: readonly (readonly PendingSignal[])[]) => {
      await putSignals(
        bucket,
        groups.flat().map(({ event, shadow }) => signalLine(event, shadow)),
      )
      return groups.map(() => undefined)
    }
    this.put = gather(put, {
      maxItems: GROUP_ITEMS,
      maxBytes: GROUP_ITEMS,
      sizeBytes: (signals) => signals.length,
      patience: () => bucket.pause(PATIENCE_MS),
    })
  }

  async record(signals: readonly PendingSignal[]): Promise<void> {
    if (signals.length > 0) await this.put(signals)
  }
}

async function putSignals(bucket: WrittenBucket, lines: readonly SignalLine[]): Promise<void> {
  const puts = signalObjects(lines).map(({ key, bytes }) => {
    const put = new PutObjectCommand({ Bucket: bucket.name, Key: key, Body: bytes, ContentType: 'application/gzip' })
    return asked('write to the archive', bucket.client.send(put))
  })
  await Promise.all(puts)
}
