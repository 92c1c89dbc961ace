import { DuckDBInstance } from '@duckdb/node-api'
import { SPANS_LATEST_SQL } from '../../shared/archive/spans-latest.ts'

/** DuckDB over an archive folder, with the tables a deployed stack has. */
export interface Queries {
  run(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  close(): void
}

/** Athena's names of these; DuckDB does not take a JSON path in brackets, as Athena needs it. */
const ATHENA = [
  `CREATE MACRO duckdb_path(path) AS replace(replace(path, '["', '."'), '"]', '"')`,
  'CREATE MACRO json_extract_scalar(json, path) AS json_extract_string(json, duckdb_path(path))',
  'CREATE MACRO to_hex(bytes) AS hex(bytes)',
  'CREATE MACRO from_hex(text) AS unhex(text)',
  'CREATE MACRO approx_percentile(value, share) AS quantile_cont(value, share)',
]

export async function openQueries(folder: string): Promise<Queries> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`CREATE VIEW spans AS
    SELECT * FROM read_parquet('${folder}/spans/*/*/*.parquet', hive_partitioning = true, hive_types = {'dt': VARCHAR, 'hour': VARCHAR})`)
  await connection.run(`CREATE VIEW spans_latest AS ${SPANS_LATEST_SQL}`)
  for (const macro of ATHENA) await connection.run(macro)
  return {
    run: async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson(),
    close: () => {
      connection.closeSync()
      instance.closeSync()
    },
  }
}
