import type { MetricReading } from '../server/metrics.ts'
import { RUNBOOK } from '../server/runbook.ts'
import { type Content, contentsOf } from '../sqlite/contents.ts'
import type { Database } from '../sqlite/database.ts'
import type { SqliteTimers } from '../sqlite/sqlite-timers.ts'
import type { DatabaseRoom } from './room.ts'

export interface SpaceSubjects {
  readonly database: Database
  readonly timers: SqliteTimers
  readonly room: DatabaseRoom
  readonly nowMs: () => number
}

const NAMES: Readonly<Record<Content['kind'], string>> = {
  judged: 'spans of judged traces',
  waiting: 'spans that wait to be judged',
  signals: 'signals',
  verdicts: 'markers of judged traces',
  deliveries: 'signals that webhooks have not taken',
  unarchived: 'traces that the archive has not taken',
}

const DAY_MS = 24 * 3_600_000
/** Smaller shares are not named. */
const NAMED_SHARE = 0.1

/** Whether the database has room for spans, and what `/healthz` says of it: which kind of data fills it and what to do. */
export function spaceProblem(
  subjects: SpaceSubjects,
): { readonly refuses: boolean; readonly text: string } | undefined {
  const { database, room, timers } = subjects
  const refuses = room.isFull()
  if (!refuses && !room.isTight() && !room.hasRemoved()) return undefined
  const contents = contentsOf(database, timers.counts().waiting)
  const sum = contents.reduce((total, { bytes }) => total + bytes, 0)
  const named = contents
    .filter(({ bytes }, index) => index === 0 || bytes >= NAMED_SHARE * sum)
    .map(({ kind, bytes }) => `${NAMES[kind]} (${Math.round((100 * bytes) / Math.max(1, sum))} %)`)
  const parts = [
    ...(refuses ? ['spans are refused until room is made'] : []),
    `${megabytes(database.sizeBytes())} of ${megabytes(room.maxBytes)} MB are used, most by ${named.join(', ')}`,
    ...removedEarly(room),
    `${adviceFor(contents[0]?.kind ?? 'judged', subjects)} (${RUNBOOK.filling})`,
  ]
  return { refuses, text: parts.join('; ') }
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6).toLocaleString('en')

function removedEarly(room: DatabaseRoom): readonly string[] {
  if (!room.hasRemoved()) return []
  const { chunks, signals, markers } = room.removed
  return [
    `removed before their time: ${chunks} chunks of judged traces, ${signals} signals, ${markers} markers of traces`,
  ]
}

function adviceFor(kind: Content['kind'], { database, nowMs }: SpaceSubjects): string {
  switch (kind) {
    case 'judged':
      return 'raise --max-database, else late spans re-open their traces for a shorter time'
    case 'waiting':
      return 'judging frees them; raise --max-database if that takes too long'
    case 'signals':
      return `${loudestRule(database, nowMs())}lower --keep-signals, or raise --max-database`
    case 'verdicts':
      return 'raise --max-database'
    case 'deliveries':
      return 'see why the webhooks do not take them'
    case 'unarchived':
      return 'see why the archive does not take them'
  }
}

function loudestRule(database: Database, nowMs: number): string {
  const sql = `SELECT rule, sum(count) AS count FROM signal_counts WHERE hour_ms >= ? AND shadow = 0
    GROUP BY rule ORDER BY count DESC LIMIT 1`
  const row = database.get(sql, nowMs - DAY_MS)
  return row === undefined ? '' : `look at ${row.rule}, which gave ${row.count} signals in a day, `
}

export function spaceReadings({ room }: SpaceSubjects): readonly MetricReading[] {
  const { removed } = room
  const early = (['chunks', 'signals', 'markers'] as const).map((what) => ({
    name: 'betrace_removed_early_total',
    help: 'Rows removed before their time to make room, by what they are.',
    value: removed[what],
    labels: { what },
  }))
  return [{ name: 'betrace_buffer_max_bytes', help: 'Bytes the database may grow to.', value: room.maxBytes }, ...early]
}
