import { splitByTrace } from '../../shared/otlp/split.ts'
import { newChunk } from '../../shared/pipeline/chunk.ts'
import { unpackFromDisk } from '../sqlite/packed-chunk.ts'
import { PROMISE_MARK } from '../sqlite/schema.ts'
import type { SqlValue } from './records.ts'

type Kind = 'id' | 'int' | 'int?' | 'text' | 'text?' | 'json' | 'blob'

/** A table; the content of its columns distinguishes its rows from those of other tables. */
export interface RecoveredTable {
  readonly name: string
  /** `=value` ends the kind of a column that older rows lack. */
  readonly columns: Readonly<Record<string, Kind | `int=${number}`>>
  /** Of no use later: known so that it is not taken for damage. */
  readonly isLeft?: true
  /** What makes a row of the right shape wrong. */
  readonly isSound?: (row: Readonly<Record<string, SqlValue>>) => boolean
}

const MAX_CHUNK_BYTES = 256 * 1024 * 1024
const TRACE_ID = /^[0-9a-f]{32}$/
const CHUNK_KEY = /^c#\d{13}#[0-9a-f]{16}$/

const isTraceId = (value: SqlValue | undefined) => typeof value === 'string' && TRACE_ID.test(value)
export const isChunkKey = (value: SqlValue | undefined) => typeof value === 'string' && CHUNK_KEY.test(value)

/** All that must outlive damage. Timers of traces are made again. */
export const TABLES: readonly RecoveredTable[] = [
  {
    name: 'chunks',
    columns: { trace_id: 'text', key: 'text', arrived_ms: 'int', span_count: 'int', packed: 'blob', bytes: 'int=0' },
    isSound: isSoundChunk,
  },
  {
    name: 'markers',
    columns: {
      trace_id: 'text',
      revision: 'int',
      lease_token: 'text?',
      lease_until_ms: 'int?',
      verdict: 'json',
      pending: 'json',
      written_ms: 'int',
    },
    isSound: (row) => isTraceId(row.trace_id),
  },
  {
    name: 'signals',
    columns: {
      event_id: 'text',
      time_ms: 'int',
      rule: 'text',
      severity: 'text',
      trace_id: 'text',
      shadow: 'int',
      event: 'json',
      archived: 'int=0',
      lined: 'int=1',
    },
    isSound: (row) => JSON.parse(String(row.event)).id === row.event_id && isTraceId(row.trace_id),
  },
  {
    name: 'pending_signals',
    columns: { trace_id: 'text', signals: 'json' },
    isSound: (row) => isTraceId(row.trace_id),
  },
  {
    name: 'signal_evidence',
    columns: { event_id: 'text', sample: 'int', evidence: 'json' },
    isSound: ({ evidence }) => typeof JSON.parse(String(evidence)).description === 'string',
  },
  {
    name: 'signal_counts',
    columns: { hour_ms: 'int', rule: 'text', status: 'text', shadow: 'int', count: 'int' },
  },
  {
    name: 'deliveries',
    columns: {
      id: 'id',
      webhook: 'text',
      event_id: 'text',
      queued_ms: 'int',
      due_ms: 'int',
      attempts: 'int',
      failure: 'text?',
      failed: 'int',
      event: 'json',
    },
    isSound: (row) => JSON.parse(String(row.event)).id === row.event_id,
  },
  {
    name: 'unarchived',
    columns: { id: 'id', trace_id: 'text', header: 'json', packed: 'blob' },
    isSound: (row) => isTraceId(row.trace_id) && unpackFromDisk(row.packed as Buffer, 1024 ** 3).length > 0,
  },
  {
    name: 'experiment_events',
    columns: { experiment: 'text', key: 'text', at_ms: 'int', received_ms: 'int', event: 'json' },
  },
  {
    name: 'experiment_verdicts',
    columns: { experiment: 'text', sequence: 'int', basis: 'text', published: 'int', verdict: 'json' },
  },
  {
    name: 'incidents',
    columns: {
      key: 'text',
      rule: 'text',
      severity: 'text',
      state: 'text',
      version: 'int',
      dispatched: 'int',
      changed_ms: 'int',
      look_ms: 'int?',
      first_trace_id: 'text',
      head: 'json',
    },
    isSound: (row) => JSON.parse(String(row.head)).version === row.version,
  },
  {
    name: 'incident_members',
    columns: {
      key: 'text',
      fired_ms: 'int',
      signal_id: 'text',
      trace_id: 'text',
      service: 'text',
      retracted: 'int',
    },
  },
  {
    name: 'incident_deliveries',
    columns: {
      key: 'text',
      episode: 'int',
      receiver: 'text',
      notified: 'text',
      due_ms: 'int?',
      notified_ms: 'int?',
      failing: 'int',
      flooded: 'int',
      row: 'json',
    },
    isSound: (row) => typeof JSON.parse(String(row.row)).version === 'number',
  },
  { name: 'rule_exercise', columns: { rule: 'text', minute_ms: 'int', exercised: 'int', held: 'int' } },
  { name: 'incident_mutes', columns: { id: 'text', until_ms: 'int', made_ms: 'int', mute: 'json' } },
  { name: 'experiment_late', columns: { experiment: 'text', late_ms: 'int' } },
  { name: 'timers', columns: { id: 'id', visible_ms: 'int', timer: 'json', flow: 'int=0' } },
  { name: 'buried_timers', columns: { id: 'id', buried_ms: 'int', reason: 'text', timer: 'json' } },
  {
    name: 'storms',
    columns: { rule: 'text', window_start_ms: 'int', armed: 'int', sent: 'int', samples: 'json', count: 'int=0' },
    isLeft: true,
  },
  { name: 'touched', columns: { id: 'id', times: 'int' }, isLeft: true },
  {
    name: 'promises',
    columns: { id: 'id', mark: 'text', kept: 'int', chunks: 'int=0', spans: 'int=0' },
    isSound: ({ mark }) => mark === PROMISE_MARK,
  },
  {
    name: 'sqlite_schema',
    columns: { type: 'text', name: 'text', tbl_name: 'text', rootpage: 'int', sql: 'text?' },
    isLeft: true,
  },
]

export interface RecoveredRow {
  readonly table: string
  readonly row: Readonly<Record<string, SqlValue>>
}

/** The row as its table has it; undefined where it is of no use, `damaged` where it is of no table or cannot be true. */
export function rowOf(rowid: number, values: readonly SqlValue[]): RecoveredRow | 'damaged' | undefined {
  for (const { name, columns, isSound, isLeft } of TABLES) {
    const row = shaped(rowid, values, Object.entries(columns))
    if (row === undefined) continue
    if (isLeft === true) return undefined
    try {
      const json = Object.entries(columns).filter(([, kind]) => kind === 'json')
      for (const [column] of json) JSON.parse(String(row[column]))
      return isSound === undefined || isSound(row) ? { table: name, row } : 'damaged'
    } catch {
      return 'damaged'
    }
  }
  return 'damaged'
}

function shaped(rowid: number, values: readonly SqlValue[], columns: readonly (readonly [string, string])[]) {
  if (values.length > columns.length) return undefined
  const row: Record<string, SqlValue> = {}
  for (const [index, [name, kind]] of columns.entries()) {
    const [type = '', missing] = kind.split('=')
    const given = values[index] ?? (index >= values.length && missing !== undefined ? Number(missing) : null)
    const value = type === 'id' ? rowid : given
    if (!isOf(type, type === 'id' ? given : value)) return undefined
    row[name] = value
  }
  return row
}

function isOf(kind: string, value: SqlValue): boolean {
  if (kind === 'id') return value === null
  if (kind.endsWith('?') && value === null) return true
  if (kind.startsWith('int')) return typeof value === 'number'
  if (kind === 'blob') return Buffer.isBuffer(value)
  return typeof value === 'string'
}

/** Its key holds the hash of its content, and its content the trace id. */
function isSoundChunk({
  trace_id: traceId,
  key,
  span_count: spanCount,
  packed,
}: Readonly<Record<string, SqlValue>>): boolean {
  if (!isTraceId(traceId) || !isChunkKey(key)) return false
  const bytes = unpackFromDisk(packed as Buffer, MAX_CHUNK_BYTES)
  if (!newChunk('', 0, bytes, 0).key.endsWith(String(key).slice(15))) return false
  const { chunks } = splitByTrace(bytes)
  return chunks.length === 1 && chunks[0]?.traceId === traceId && chunks[0]?.spanCount === spanCount
}
