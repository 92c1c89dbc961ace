import type { Database } from './database.ts'

/** What the database holds, by kind, as people name it. */
export interface Content {
  readonly kind: 'judged' | 'waiting' | 'signals' | 'verdicts' | 'deliveries' | 'unarchived'
  /** About how many bytes. */
  readonly bytes: number
}

interface Measured {
  readonly table: string
  /** Bytes of a row, in SQL; what SQLite adds for the row and its indexes is counted in. */
  readonly bytes: string
}

const MEASURED = {
  chunks: { table: 'chunks', bytes: 'length(packed) + 200' },
  signals: { table: 'signals', bytes: 'length(event) + 300' },
  texts: { table: 'signal_evidence', bytes: 'length(evidence) + 100' },
  verdicts: { table: 'markers', bytes: 'length(verdict) + length(pending) + 150' },
  pending: { table: 'pending_signals', bytes: 'length(signals) + 100' },
  deliveries: { table: 'deliveries', bytes: 'length(event) + 150' },
  unarchived: { table: 'unarchived', bytes: 'length(packed) + length(header) + 50' },
} as const satisfies Readonly<Record<string, Measured>>

/** Rows looked at of a table: no table is read as a whole, however large it is. */
const SAMPLES = 32

/** What takes the room of a database, largest first. An estimate from a few rows of each table. */
export function contentsOf(database: Database, timersWaiting: number): readonly Content[] {
  const chunks = estimate(database, MEASURED.chunks)
  const waiting = Math.min(chunks.rows, timersWaiting) * chunks.rowBytes
  const size = ({ rows, rowBytes }: Estimate) => rows * rowBytes
  const of = (measured: Measured) => size(estimate(database, measured))
  const contents: readonly Content[] = [
    { kind: 'judged', bytes: size(chunks) - waiting },
    { kind: 'waiting', bytes: waiting },
    { kind: 'signals', bytes: of(MEASURED.signals) + of(MEASURED.texts) + of(MEASURED.pending) },
    { kind: 'verdicts', bytes: of(MEASURED.verdicts) },
    { kind: 'deliveries', bytes: of(MEASURED.deliveries) },
    { kind: 'unarchived', bytes: of(MEASURED.unarchived) },
  ]
  return contents.toSorted((a, b) => b.bytes - a.bytes)
}

interface Estimate {
  readonly rows: number
  readonly rowBytes: number
}

/** Rows are found from evenly spaced row ids on; the gaps before them say how densely the ids are used. */
function estimate(database: Database, { table, bytes }: Measured): Estimate {
  const ends = database.get(
    `SELECT (SELECT min(rowid) FROM ${table}) AS least, (SELECT max(rowid) FROM ${table}) AS most`,
  )
  if (ends === undefined || ends.least === null) return { rows: 0, rowBytes: 0 }
  const [least, most] = [Number(ends.least), Number(ends.most)]
  const ids = most - least + 1
  const sql = `SELECT rowid AS id, ${bytes} AS bytes FROM ${table} WHERE rowid >= ? ORDER BY rowid LIMIT 1`
  const points = Array.from({ length: SAMPLES }, (_, index) => least + Math.floor((index * ids) / SAMPLES))
  const found = points.map((point) => ({ point, row: database.get(sql, point) }))
  const sum = (of: (each: (typeof found)[number]) => number) => found.reduce((total, each) => total + of(each), 0)
  const gap = sum(({ point, row }) => Number(row?.id ?? point) - point) / SAMPLES
  return { rows: ids / (1 + gap), rowBytes: sum(({ row }) => Number(row?.bytes ?? 0)) / SAMPLES }
}
