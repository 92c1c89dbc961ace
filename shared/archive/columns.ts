import type { Encoding, SchemaElement } from 'hyparquet'

/** One column of `spans/`; how it is encoded is part of the format, so that readers need to know no other way. */
export interface Column {
  readonly name: string
  readonly type: 'text' | 'bytes' | 'int32' | 'int64' | 'double' | 'boolean' | 'timestamp'
  readonly optional: boolean
  readonly encoding: 'dictionary' | 'plain'
  /** Smallest and greatest value a row group, for engines that skip by them. */
  readonly statistics: boolean
}

function column(
  name: string,
  type: Column['type'],
  encoding: Column['encoding'],
  extra: { readonly optional?: true; readonly statistics?: true } = {},
): Column {
  return { name, type, encoding, optional: extra.optional === true, statistics: extra.statistics === true }
}

/** The columns in the order of the file. */
export const COLUMNS: readonly Column[] = [
  column('trace_id', 'bytes', 'dictionary', { statistics: true }),
  column('span_id', 'bytes', 'plain'),
  column('parent_span_id', 'bytes', 'plain', { optional: true }),
  column('name', 'text', 'dictionary', { statistics: true }),
  column('service_name', 'text', 'dictionary', { optional: true, statistics: true }),
  column('kind', 'text', 'dictionary'),
  column('status_code', 'text', 'dictionary', { statistics: true }),
  column('status_message', 'text', 'dictionary', { optional: true }),
  column('start_time', 'timestamp', 'plain', { statistics: true }),
  column('end_time', 'timestamp', 'plain'),
  column('duration_ms', 'double', 'plain', { statistics: true }),
  column('attributes', 'text', 'plain'),
  column('events', 'text', 'plain', { optional: true }),
  column('links', 'text', 'plain', { optional: true }),
  column('resource', 'text', 'dictionary', { optional: true }),
  column('scope', 'text', 'dictionary', { optional: true }),
  column('trace_state', 'text', 'dictionary', { optional: true }),
  column('flags', 'int64', 'dictionary'),
  column('dropped_attributes_count', 'int64', 'dictionary'),
  column('dropped_events_count', 'int64', 'dictionary'),
  column('dropped_links_count', 'int64', 'dictionary'),
  column('start_nanos', 'int32', 'dictionary'),
  column('end_nanos', 'int32', 'dictionary'),
  column('otlp', 'bytes', 'plain', { optional: true }),
  column('trace_start', 'timestamp', 'dictionary', { statistics: true }),
  column('filed_by', 'text', 'dictionary'),
  column('revision', 'int32', 'dictionary', { statistics: true }),
  column('reason', 'text', 'dictionary'),
  column('complete', 'boolean', 'plain'),
  column('truncated', 'boolean', 'plain'),
]

const PHYSICAL: Readonly<Record<Column['type'], Omit<SchemaElement, 'name'>>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  bytes: { type: 'BYTE_ARRAY' },
  int32: { type: 'INT32' },
  int64: { type: 'INT64' },
  double: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
  timestamp: { type: 'INT64', converted_type: 'TIMESTAMP_MICROS' },
}

/** The Parquet schema of these columns. */
export function parquetSchema(columns: readonly Column[]): SchemaElement[] {
  const fields = columns.map(({ name, type, optional }): SchemaElement => {
    return { name, ...PHYSICAL[type], repetition_type: optional ? 'OPTIONAL' : 'REQUIRED' }
  })
  return [{ name: 'spans', num_children: fields.length }, ...fields]
}

/** A boolean has no dictionary and no encoding of its own: one bit a row, in runs where there are many. */
export function parquetEncoding({ type, encoding }: Column): { readonly encoding?: Encoding } {
  if (type === 'boolean') return {}
  return { encoding: encoding === 'dictionary' ? 'RLE_DICTIONARY' : 'PLAIN' }
}
