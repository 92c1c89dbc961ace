import { COLUMNS } from './columns.ts'

/** The columns of the table `spans`: those of its files, then those of their path. */
const SPAN_COLUMNS: readonly string[] = [...COLUMNS.map(({ name }) => name), 'dt', 'hour']

/**
 * The query behind the view `spans_latest`: of each trace its highest revision with the spans that came too late for
 * it, and every span once, also while compacted files lie beside those they were made from. Runs on Athena and DuckDB.
 */
export const SPANS_LATEST_SQL = `WITH revised AS (
  SELECT *, max(CASE WHEN reason <> 'late' THEN revision END) OVER (PARTITION BY dt, hour, trace_id) AS last_revision
  FROM spans
), numbered AS (
  SELECT *, row_number() OVER (
    PARTITION BY dt, hour, trace_id, span_id, kind, name, start_time, start_nanos
    ORDER BY end_time DESC, end_nanos DESC
  ) AS copy
  FROM revised
  WHERE reason = 'late' OR revision = last_revision
)
SELECT ${SPAN_COLUMNS.join(', ')}
FROM numbered
WHERE copy = 1`
