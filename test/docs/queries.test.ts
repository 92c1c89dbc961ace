import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { folderStore } from '../../local/archive/folder-store.ts'
import { COMPACTION_LIMITS, compactHour } from '../../shared/archive/compact.ts'
import { SPANS_LATEST_SQL } from '../../shared/archive/spans-latest.ts'
import { archive, HOUR_MS, recordOf, type SketchedRecord, START_MS } from '../replay/archived.ts'

const SECOND_NANOS = 1_000_000_000n
const statement = { 'db.query.text': 'SELECT 1' }
const milliseconds = (count: number) => BigInt(count) * 1_000_000n
const traceId = (digits: string) => digits.padStart(32, '0')

/** Four traces of a morning; the third is archived twice, the second time with more spans, and has a late one. */
const TRACES: readonly SketchedRecord[] = [
  {
    traceId: traceId('a001'),
    spans: [
      {
        name: 'POST /checkout',
        id: 1,
        kind: 2,
        durationNanos: milliseconds(100),
        attributes: { 'customer.id': 'ada' },
      },
      { name: 'cart.validate', id: 2, parent: 1 },
      { name: 'payment.charge', id: 3, parent: 1, attributes: { amount: 10 } },
    ],
  },
  {
    traceId: traceId('a002'),
    atMs: START_MS + HOUR_MS,
    spans: [
      {
        name: 'POST /checkout',
        id: 1,
        kind: 2,
        durationNanos: milliseconds(300),
        attributes: { 'customer.id': 'bob' },
      },
      { name: 'payment.charge', id: 2, parent: 1, attributes: { amount: 20.5 }, status: 2, startNanos: SECOND_NANOS },
    ],
  },
  { traceId: traceId('a003'), spans: [{ name: 'payment.charge', id: 2, parent: 1, attributes: { amount: 5 } }] },
  {
    traceId: traceId('a003'),
    revision: 2,
    spans: [
      {
        name: 'POST /checkout',
        id: 1,
        kind: 2,
        durationNanos: milliseconds(200),
        attributes: { 'customer.id': 'bob' },
      },
      { name: 'payment.charge', id: 2, parent: 1, attributes: { amount: 5 } },
    ],
  },
  {
    traceId: traceId('a003'),
    revision: 2,
    reason: 'late',
    spans: [{ name: 'mail.send', id: 3, parent: 1, startNanos: 9n }],
  },
  {
    traceId: traceId('a004'),
    spans: [
      { name: 'GET /orders', id: 1, kind: 2, durationNanos: milliseconds(40), resource: { 'service.name': 'orders' } },
      ...[2, 3, 4].map((id) => ({ name: 'db.query', id, parent: 1, attributes: statement, startNanos: BigInt(id) })),
      { name: 'db.query', id: 5, parent: 1, attributes: { 'db.statement': 'SELECT 1' }, startNanos: 5n },
      { name: 'db.query', id: 6, parent: 1, attributes: { 'db.query.text': 'SELECT 2' } },
    ],
  },
]

let folder: string
let instance: DuckDBInstance
let page: string

const blocks = (kind: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${kind}\\n(.*?)\`\`\``, 'gs'))].map(([, sql = '']) => sql)

async function run(sql: string) {
  const connection = await instance.connect()
  return (await connection.runAndReadAll(sql)).getRowObjectsJson()
}

/** The answer to the question of this heading. */
async function answer(heading: string) {
  const section = page.slice(page.indexOf(`## ${heading}`))
  return run(section.match(/```sql\n(.*?)```/s)?.[1] ?? '')
}

beforeAll(async () => {
  page = await readFile(new URL('../../docs/queries.md', import.meta.url), 'utf8')
  folder = await mkdtemp(join(tmpdir(), 'betrace-queries-'))
  const store = folderStore(folder)
  for (const trace of [...TRACES, ...TRACES.slice(0, 1)]) await archive(store, [recordOf(trace)])
  await compactHour(store, START_MS, { nowMs: START_MS, token: 'run' }, COMPACTION_LIMITS)
  instance = await DuckDBInstance.create(':memory:')
  const [setup = ''] = blocks('sql duckdb')
  const [view = ''] = blocks('sql view')
  await run(setup.replaceAll('.betrace/archive', folder))
  await run(view)
})

afterAll(async () => {
  instance.closeSync()
  await rm(folder, { recursive: true })
})

test('the view of the page is the one the archive defines', () => {
  const words = (sql: string) => sql.replace(/[\s;]+/g, ' ').trim()
  expect(words(blocks('sql view')[0] ?? '')).toBe(words(`CREATE VIEW spans_latest AS ${SPANS_LATEST_SQL}`))
})

test('where the time goes', async () => {
  expect(await answer('Where does the time go?')).toEqual([
    { service_name: 'shop', name: 'POST /checkout', spans: '3', p50_ms: 200, p95_ms: 290, max_ms: 300 },
    { service_name: 'orders', name: 'GET /orders', spans: '1', p50_ms: 40, p95_ms: 40, max_ms: 40 },
  ])
})

test('what fails, and since when', async () => {
  expect(await answer('What fails, and since when?')).toEqual([
    {
      service_name: 'shop',
      name: 'payment.charge',
      hour: '01',
      failed: '1',
      first_failure: '2025-10-15 00:00:01',
      message: '',
    },
  ])
})

test('who was affected', async () => {
  expect(await answer('Who was affected?')).toEqual([{ customer: 'bob', traces: '2', charged: 25.5 }])
})

test('which requests ask the same again and again', async () => {
  expect(await answer('Which requests ask')).toEqual([
    { trace_id: traceId('a004'), statement: 'SELECT 1', times: '4', total_ms: 4 },
  ])
})

test('which charges began before a validation had ended', async () => {
  expect(await answer('Which charges began')).toEqual([
    { trace_id: traceId('a001'), charge: '0000000000000003' },
    { trace_id: traceId('a002'), charge: '0000000000000002' },
    { trace_id: traceId('a003'), charge: '0000000000000002' },
  ])
})

test('what happened in a trace', async () => {
  const rows = await answer('What happened in this trace?')
  expect(rows.map(({ span, parent, name }) => [span, parent, name])).toEqual([
    ['0000000000000001', null, 'POST /checkout'],
    ['0000000000000002', '0000000000000001', 'payment.charge'],
    ['0000000000000003', '0000000000000001', 'mail.send'],
  ])
  expect(rows[1]?.attributes).toBe('{"amount":5}')
})

test('each question of the page is asked here', () => {
  expect(blocks('sql')).toHaveLength(6)
})
