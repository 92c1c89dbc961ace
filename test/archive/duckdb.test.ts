import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { folderStore } from '../../local/archive/folder-store.ts'
import { COMPACTION_LIMITS, compactHour } from '../../shared/archive/compact.ts'
import type { ReplayReport } from '../../shared/replay/report.ts'
import { checkRules } from '../../shared/rules/check/check.ts'
import type { AttributeValue } from '../../shared/trace/span.ts'
import type { SpanSketch } from '../reference/traces.ts'
import { archive, HOUR_MS, recordOf, replay, type SketchedRecord, START_MS } from '../replay/archived.ts'
import { openQueries, type Queries } from './duckdb.ts'
import { MACROS, SEED_RULES_AS_SQL, violatingTraces } from './seed-rules-as-sql.ts'

const pick = (...values: readonly AttributeValue[]) => fc.constantFrom(...values)
const near = (limit: number) => pick(limit - 1, limit, limit + 1, limit + 0.5, String(limit + 1), true, null)

/** Spans the rules speak of, with values on both sides of what they ask for and of other types. */
const VOCABULARY: readonly (readonly [string, Readonly<Record<string, fc.Arbitrary<AttributeValue>>>])[] = [
  ['payment.charge', {}],
  ['cart.validate', {}],
  ['api.request', { retries: near(3) }],
  ['cache.check', {}],
  [
    'database.query',
    {
      'tenant.id': pick('tenant-A', 'tenant-B', 5),
      table: pick('tenant_a_data', 'public.tenant_b_data.x', 7),
      'region.current': pick('EU', 'US'),
      'database.region': pick('EU', 'US'),
    },
  ],
  ['database.failover', { 'data.lost': near(0) }],
  ['database.operation', { operation: pick('read', 'write'), target: pick('primary', 'replica') }],
  ['region.failover', { 'request.dropped': near(0) }],
  ['api.error', { error_count: near(5) }],
  ['circuit_breaker.state', { state: pick('open', 'closed', true) }],
  ['retry.attempt', { interval_ms: pick(99, 100, 150, 200.5, '50'), attempt: pick(1, 2, '3') }],
]

const span: fc.Arbitrary<SpanSketch> = fc.constantFrom(...VOCABULARY).chain(([name, attributes]) =>
  fc.record({
    name: fc.constant(name),
    id: fc.integer({ min: 1, max: 50 }),
    attributes: fc.record(attributes, { requiredKeys: [] }) as fc.Arbitrary<Readonly<Record<string, AttributeValue>>>,
    resource: fc.constantFrom({ 'service.name': 'shop' }, { 'service.name': 'shop', retries: 5, state: 'open' }),
  }),
)
const spans = fc.array(span, { minLength: 1, maxLength: 9 })

let folder: string
let queries: Queries
let report: ReplayReport

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'betrace-duckdb-'))
  const store = folderStore(folder)
  const traces = fc.sample(spans, { numRuns: 400, seed: 11 })
  const objects: SketchedRecord[][] = [[], [], []]
  traces.forEach((sketches, index) => {
    const traceId = (index + 1).toString(16).padStart(32, '0')
    const trace = { traceId, atMs: START_MS + (index % 3) * HOUR_MS + index }
    objects[index % 2]?.push({ ...trace, spans: sketches.slice(0, index % 5 === 0 ? 1 : undefined) })
    if (index % 5 === 0) objects[(index + 1) % 3]?.push({ ...trace, spans: sketches, revision: 2 })
    if (index % 7 === 0) objects[2]?.push({ ...trace, spans: sketches, revision: index % 5 === 0 ? 2 : 1 })
    if (index % 11 === 0) {
      const late = [{ name: 'cart.validate', id: 99, startNanos: 500n }]
      objects[1]?.push({ ...trace, spans: late, revision: index % 5 === 0 ? 2 : 1, reason: 'late' })
    }
  })
  for (const object of objects) await archive(store, object.map(recordOf))
  // One hour is read while its compacted file lies beside those it was made from.
  await compactHour(store, START_MS, { nowMs: START_MS, token: 'run' }, COMPACTION_LIMITS)
  const files = ['expected-behaviour.rules', 'failover.rules', 'resilience.rules']
  const texts = await Promise.all(
    files.map(async (file) => ({ file, text: await readFile(join('optional-rules', file), 'utf8') })),
  )
  report = await replay(store, checkRules(texts).rules)
  queries = await openQueries(folder)
  for (const macro of MACROS) await queries.run(macro)
})

afterAll(async () => {
  queries.close()
  await rm(folder, { recursive: true })
})

describe('DuckDB, reading the archive as it lies,', () => {
  test('knows every rule of the first packs', () => {
    expect(report.failures).toEqual([])
    expect(report.rules.map(({ rule }) => rule).sort()).toEqual(Object.keys(SEED_RULES_AS_SQL).sort())
  })

  test.each(Object.entries(SEED_RULES_AS_SQL))('agrees with the judge on %s', async (name, condition) => {
    const judged = report.rules.find(({ rule }) => rule === name)
    const found = await queries.run(violatingTraces(condition))
    expect(found.map(({ trace_id }) => trace_id)).toEqual(judged?.samples.map(({ traceId }) => traceId).sort())
    expect(found.length).toBeGreaterThan(5)
    expect(found.length).toBeLessThan(300)
  })

  test('sees every trace once, under its hour', async () => {
    const [counts] = await queries.run('SELECT count(DISTINCT trace_id) AS traces FROM spans_latest')
    expect(Number(counts?.traces)).toBe(400)
    const copies =
      'SELECT 1 FROM spans_latest GROUP BY trace_id, span_id, name, start_time, start_nanos HAVING count(*) > 1'
    expect(await queries.run(copies)).toEqual([])
    const hours = await queries.run('SELECT DISTINCT dt, hour FROM spans ORDER BY dt, hour')
    expect(hours).toEqual(['00', '01', '02'].map((hour) => ({ dt: '2025-10-15', hour })))
  })

  test('reads times, durations and ids as such', async () => {
    const [row] = await queries.run(
      `SELECT hex(span_id) AS id, start_time::VARCHAR AS started, duration_ms, service_name, kind, status_code
       FROM spans_latest WHERE name = 'cart.validate' AND hex(span_id) = '0000000000000063' LIMIT 1`,
    )
    expect(row).toEqual({
      id: '0000000000000063',
      started: '2025-10-15 00:00:00',
      duration_ms: 1,
      service_name: 'shop',
      kind: 'internal',
      status_code: 'unset',
    })
  })
})
