import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import type { Archive, ArchivedTrace, PendingSignal, SignalStore } from '../pipeline/ports.ts'
import { asked } from './aws-failure.ts'
import type { Pause } from './backoff.ts'
import { type Gather, gather } from './gather.ts'

/** Where archived chunks and signals lie in their bucket. */
export const ARCHIVE_PREFIX = { chunks: 'raw/', signals: 'signals/' } as const

/** What an archive writes to. */
export interface Bucket {
  readonly client: S3Client
  readonly name: string
  readonly pause: Pause
}

/** Traces judged side by side reach this point within a few milliseconds of each other, and then while a write is under way. */
const PATIENCE_MS = 5
const GROUP_ITEMS = 500
const GROUP_BYTES = 8 * 1024 * 1024

const gzipped = promisify(gzip)

/** Keeps the chunks of judged traces, unchanged, as gzipped JSON lines: nothing is lost, and any tool reads them. */
export class S3ChunkArchive implements Archive {
  readonly #put: Gather<ArchivedTrace, void>

  constructor(bucket: Bucket) {
    this.#put = gather((entries) => putByHour(bucket, ARCHIVE_PREFIX.chunks, entries.map(archivedLine)), {
      maxItems: GROUP_ITEMS,
      maxBytes: GROUP_BYTES,
      sizeBytes: ({ chunks }) => chunks.reduce((sum, { bytes }) => sum + bytes.length, 0),
      patience: () => bucket.pause(PATIENCE_MS),
    })
  }

  write(entry: ArchivedTrace): Promise<void> {
    return this.#put(entry)
  }
}

/** Keeps every signal as gzipped JSON lines; a reader takes an event id once, however often it was written. */
export class S3SignalStore implements SignalStore {
  readonly #put: Gather<readonly PendingSignal[], void>

  constructor(bucket: Bucket) {
    this.#put = gather((groups) => putByHour(bucket, ARCHIVE_PREFIX.signals, groups.map(signalLines)), {
      maxItems: GROUP_ITEMS,
      maxBytes: GROUP_ITEMS,
      sizeBytes: (signals) => signals.length,
      patience: () => bucket.pause(PATIENCE_MS),
    })
  }

  async record(signals: readonly PendingSignal[]): Promise<void> {
    if (signals.length > 0) await this.#put(signals)
  }
}

/** Lines that belong under one hour. */
interface HourLines {
  readonly atMs: number
  readonly text: string
}

function archivedLine({ trace, chunks, filing, revision, reason }: ArchivedTrace): HourLines {
  const line = {
    traceId: trace.traceId,
    revision,
    reason,
    filedBy: filing.by,
    filedAtMs: filing.atMs,
    complete: trace.complete,
    truncated: trace.truncated,
    chunks: chunks.map(({ key, spanCount, bytes }) => ({
      key,
      spanCount,
      tracesData: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'),
    })),
  }
  return { atMs: filing.atMs, text: `${JSON.stringify(line)}\n` }
}

function signalLines(signals: readonly PendingSignal[]): HourLines {
  const text = signals.map(({ event, shadow }) => `${JSON.stringify({ ...event, shadow })}\n`).join('')
  return { atMs: Date.parse(signals[0]?.event.time ?? ''), text }
}

/** One object an hour; its key hashes its content, so that writing it again changes nothing. */
async function putByHour(bucket: Bucket, prefix: string, lines: readonly HourLines[]): Promise<readonly undefined[]> {
  const byHour = Map.groupBy(lines, ({ atMs }) => new Date(atMs).toISOString().slice(0, 13))
  await Promise.all(
    [...byHour].map(async ([hour, group]) => {
      const text = group.map((line) => line.text).join('')
      const digest = createHash('sha256').update(text).digest('hex').slice(0, 32)
      const [date, hourOfDay] = hour.split('T')
      const put = new PutObjectCommand({
        Bucket: bucket.name,
        Key: `${prefix}dt=${date}/hour=${hourOfDay}/${digest}.jsonl.gz`,
        Body: await gzipped(text),
        ContentType: 'application/gzip',
      })
      await asked('write to the archive', bucket.client.send(put))
    }),
  )
  return lines.map(() => undefined)
}
