import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { shopTraffic } from '../cli/demo/replay/traffic.ts'
import { COMPACTION_LIMITS } from '../shared/archive/compact.ts'
import { HOUR_MS, hourPrefix } from '../shared/archive/object-key.ts'
import { readFooter } from '../shared/archive/read-footer.ts'
import { cutSlices } from '../shared/archive/slice.ts'
import { traceRecord } from '../shared/archive/trace-record.ts'
import { writeObject } from '../shared/archive/write-object.ts'
import type { WorkItem } from '../shared/replay/plan.ts'
import { divide, type Share } from '../shared/replay/shares.ts'
import { saveResult } from './machine.ts'
import { costUsd } from './prices.ts'
import { type Fleet, type Schedule, schedule } from './simulate-fleet.ts'
import type { Measurement } from './suite.ts'
import { type Table, table } from './table.ts'

/*
 * npm run simulate -- [--spans-a-day N…] [--days N] [--rule names|filters|everything] [--concurrency N] [--save]
 * Lays out the replay of a month on AWS and says how long it takes and what it costs: objects as the compactor leaves
 * them, shares as the planner cuts them, workers as Lambda starts them. Speeds are those of bench/results/replay.json,
 * bytes a span are measured now; the rest are the assumptions below.
 */

const ROWS = {
  names: 'replay: names alone',
  filters: 'replay: where-filters',
  everything: 'replay: filters on every span',
}

/** What only a deployed stack can show. */
const ASSUMED = {
  /** Speed of a Lambda processor of 1,769 MB (Graviton2) against the one of the bench. */
  lambdaSpeed: 0.6,
  gb: 1769 / 1024,
  coldStartSeconds: 1.2,
  /** A worker's share: its manifest lines, its rules, its result, one after the other. */
  shareSeconds: 0.5,
  /** A ranged read of S3 until its first byte; four items of a share are read at once. */
  readSeconds: 0.03,
  itemsAtOnce: 4,
  /** From S3 to one function. */
  bytesASecond: 70e6,
  /** Listing a thousand objects, with this many footers read at a time. */
  listSeconds: 0.15,
  footersAtOnce: 512,
  /** Adding up the results of shares, this many at a time. */
  resultsAtOnce: 32,
  /** Plan, choice, map, report, choice, end; and two of a worker's execution. */
  transitions: 6,
  transitionsAShare: 2,
  /** How many children Distributed Map starts a second. */
  childrenASecond: 300,
} as const

/** Columns that each rule reads: one read each, for a row group, beside the one for the footer. */
const COLUMNS = {
  names: ['trace_id', 'name'],
  filters: ['trace_id', 'name', 'attributes', 'resource'],
  everything: ['trace_id', 'name', 'attributes', 'resource', 'start_time', 'start_nanos', 'end_time', 'end_nanos'],
} as const
const SPANS_A_ROW_GROUP = 50_000

type Rule = keyof typeof ROWS

interface Model {
  readonly bytesASpan: number
  /** Of a span's bytes, those that the rule reads. */
  readonly bytesRead: number
  readonly spansASecond: number
  readonly rule: Rule
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      'spans-a-day': { type: 'string', multiple: true, default: ['1e6', '1e8', '1e10'] },
      days: { type: 'string', default: '30' },
      rule: { type: 'string', multiple: true, default: Object.keys(ROWS) },
      concurrency: { type: 'string', multiple: true, default: ['100', '1000'] },
      save: { type: 'boolean', default: false },
    },
  })
  const tables: Record<string, Table> = {}
  const texts: Record<string, string> = {}
  for (const rule of values.rule) {
    const model = await measured(rule as Rule)
    texts[`${rule}-speed`] = `${rounded(model.spansASecond)} spans a second and worker`
    console.log(`### ${ROWS[rule as Rule]}: ${texts[`${rule}-speed`]}\n`)
    const rows = values['spans-a-day'].flatMap((spans) =>
      values.concurrency.map((workers) => row(model, Number(spans), Number(values.days), Number(workers))),
    )
    tables[rule] = { head: HEAD, rows }
    console.log(`${table(HEAD, rows)}\n`)
  }
  if (values.save) saveResult('simulate', { tables, texts })
}

const HEAD = ['spans a day', 'month', 'objects', 'shares', 'workers', 'time', 'of it planning', 'cost']

function row(model: Model, spansADay: number, days: number, concurrency: number): readonly string[] {
  const items = monthOf(model, spansADay, days)
  const shares = divide({ items })
  const objects = items.length
  const planSeconds = planning(objects, days)
  const fleet: Fleet = { concurrency, startsASecond: Math.min(100, ASSUMED.childrenASecond) }
  const worked = schedule(
    shares.map((share) => shareSeconds(model, share)),
    fleet,
    ASSUMED.coldStartSeconds,
  )
  const reportSeconds = 1 + (shares.length * ASSUMED.readSeconds) / ASSUMED.resultsAtOnce
  const seconds = planSeconds + worked.seconds + reportSeconds
  const usd = cost(model, items, shares.length, worked, planSeconds + reportSeconds)
  const bytes = sumBytes(items)
  const size = bytes > 1e12 ? `${(bytes / 1e12).toFixed(1)} TB` : `${(bytes / 1e9).toFixed(1)} GB`
  const cells = [rounded(spansADay), size, rounded(objects), rounded(shares.length), rounded(worked.workers)]
  return [...cells, duration(seconds), duration(planSeconds), `$${rounded(usd)}`]
}

/** The month as the compactor leaves it: the objects of each hour split by trace, with the traffic of a day's wave. */
function monthOf({ bytesASpan }: Model, spansADay: number, days: number): readonly WorkItem[] {
  const firstMs = Date.UTC(2025, 9, 1)
  const hours = Array.from({ length: days * 24 }, (_, hour) => firstMs + hour * HOUR_MS)
  return hours.flatMap((hourMs) => {
    const wave = 1 - 0.6 * Math.cos((new Date(hourMs).getUTCHours() / 24) * 2 * Math.PI)
    const bytes = (spansADay / 24) * wave * bytesASpan
    const slices = cutSlices(Math.max(1, Math.ceil(bytes / COMPACTION_LIMITS.targetBytes)))
    return slices.map((slice, part): WorkItem => {
      const key = `${hourPrefix(hourMs)}c-${String(part).padStart(32, '0')}.parquet`
      return { hourMs, slice, objects: [{ key, byteLength: Math.round(bytes / slices.length), storedAtMs: hourMs }] }
    })
  })
}

/** Reading waits while nothing else of the share does: four items at once, but one processor. */
function shareSeconds(model: Model, share: Share): number {
  const spans = sumBytes(share) / model.bytesASpan
  const judging = spans / model.spansASecond
  const transfer = (spans * model.bytesRead) / ASSUMED.bytesASecond
  // The columns of a row group are read at once, one row group of an item after the other.
  const waiting = ((share.length + spans / SPANS_A_ROW_GROUP) * ASSUMED.readSeconds) / ASSUMED.itemsAtOnce
  return ASSUMED.shareSeconds + judging + transfer + waiting
}

function sumBytes(items: readonly WorkItem[]): number {
  return items.reduce((sum, item) => sum + bytesOf(item), 0)
}

function bytesOf({ objects }: WorkItem): number {
  return objects.reduce((sum, { byteLength }) => sum + byteLength, 0)
}

function planning(objects: number, days: number): number {
  const lists = Math.max(days, objects / 1000)
  return (
    ASSUMED.coldStartSeconds +
    (lists * ASSUMED.listSeconds) / 16 +
    (objects * ASSUMED.readSeconds) / ASSUMED.footersAtOnce
  )
}

function cost(
  model: Model,
  items: readonly WorkItem[],
  shares: number,
  worked: Schedule,
  otherSeconds: number,
): number {
  const rowGroups = items.reduce(
    (sum, item) => sum + Math.ceil(bytesOf(item) / model.bytesASpan / SPANS_A_ROW_GROUP),
    0,
  )
  const objects = items.length
  // Planning reads footers too.
  const reads = 2 * objects + rowGroups * COLUMNS[model.rule].length + 3 * shares
  return (
    costUsd('gbSecond', (worked.busySeconds + otherSeconds) * ASSUMED.gb) +
    costUsd('invocation', shares + 3) +
    costUsd('objectGet', reads) +
    costUsd('objectPut', 2 * shares + objects / 1000) +
    costUsd('stateTransition', ASSUMED.transitions + ASSUMED.transitionsAShare * shares)
  )
}

/** Bytes from an object written now, speed from the committed results. */
async function measured(rule: Rule): Promise<Model> {
  const path = new URL('results/replay.json', import.meta.url)
  const { measurements } = JSON.parse(readFileSync(path, 'utf8')) as { measurements: readonly Measurement[] }
  const found = measurements.find(({ name }) => name === ROWS[rule])
  if (found === undefined)
    throw new Error(`bench/results/replay.json has no "${ROWS[rule]}": npm run bench -- replay --save`)
  return {
    rule,
    ...(await sample(COLUMNS[rule])),
    spansASecond: found.unitsPerSecond * ASSUMED.lambdaSpeed,
  }
}

/** Bytes a span in an object of shop traffic (7 spans a trace, 8 attributes a span), and those of some columns. */
async function sample(columns: readonly string[]) {
  const traffic = { fromMs: Date.UTC(2025, 9, 15, 12), hours: 1, tracesAnHour: 8_000, violations: 10, seed: 9 }
  const records = [...shopTraffic(traffic, () => {})].map(({ traceId, startMs, chunk }) => {
    const filing = { atMs: startMs, by: 'start' as const }
    const rest = { filing, revision: 1, reason: 'verdict' as const, complete: true, truncated: false }
    return traceRecord({ traceId, chunks: [chunk], ...rest })
  })
  const { bytes } = writeObject(records)
  const read = async (start: number, end: number) => Buffer.from(bytes.subarray(start, end))
  const { summary, rowGroups } = await readFooter({ byteLength: bytes.length, read })
  const chunks = rowGroups.flatMap((group) => columns.map((column) => group.chunks.get(column)))
  const bytesRead = chunks.reduce((sum, chunk) => sum + (chunk === undefined ? 0 : chunk.end - chunk.start), 0)
  return { bytesASpan: bytes.length / summary.spans, bytesRead: bytesRead / summary.spans }
}

function rounded(amount: number): string {
  return amount.toLocaleString('en-US', { maximumSignificantDigits: 3 })
}

function duration(seconds: number): string {
  return seconds < 120 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`
}

await main()
