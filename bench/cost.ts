import { parseArgs } from 'node:util'
import { type IncidentUsage, measureIncident } from './cost-incidents.ts'
import { measureUsage, TRACES_AN_OBJECT, type Usage } from './cost-run.ts'
import { saveResult } from './machine.ts'
import { costUsd, PRICES } from './prices.ts'
import { type Table, table } from './table.ts'

/*
 * npm run cost -- [--save]: what a stack costs, as the Markdown tables of docs/cost.md; `--save` writes
 * bench/results/cost.json, from which `npm run bench -- --report` writes that page. Write and read units, chunks and bytes are
 * measured on generated traffic; the rest are the assumptions below. Exits 1 where a
 * million spans that a Collector sends cost over the target.
 */

const TRAFFIC = { traces: 400, spansOfATrace: 20, services: 8, spansOfARequest: 100 }
const SENDERS = { services: 'each service sends its own spans', collector: 'a Collector sends whole traces' } as const
const TARGET_USD = 0.4
const SPANS_A_DAY = [1e6, 1e8, 1e10]
const DAYS_A_MONTH = 30.4
/** A signal's record and its member of an incident, with the read of the incident. */
const WRITE_UNITS_A_SIGNAL = 3
/** What one function replays at once, of compacted objects. */
const SMALL_REPLAY_BYTES = 48e6
const BYTES_A_SPAN = 38

/** What only a deployed stack can show; on the high side. Times are a whole invocation, waiting included. */
const ASSUMED = {
  ingestMs: 60,
  ingestGb: 1,
  authorizerMs: 3,
  authorizerGb: 0.25,
  timerMsAChunk: 0.2,
  timerGb: 0.5,
  judgeMsATrace: 4,
  judgeGb: 1769 / 1024,
  tracesABatch: TRACES_AN_OBJECT,
  /** A trace of many requests may get a timer too many: they come over 5 s, and batches of the stream end within them. */
  timersATrace: { services: 1.5, collector: 1 },
  /** A timer too many looks at the marker and the newest chunk, and is dropped. */
  readsOfASpareTimer: 2,
  chunksATimerBatch: 1_000,
  logBytesAnInvocation: 600,
  tableDays: 7,
  archiveMonths: 12,
  compactGb: 3008 / 1024,
  /** Twice over a day: new objects, and once more with late spans; each object is read in two requests, its end first. */
  compactionsASpan: 1.5,
  getsAnObject: 2,
  replayDays: 29,
  /** Half of what `npm run bench` shows for a rule with filters on one core; a worker begins within two seconds. */
  replaySpansASecond: 1e6,
  replayStartSeconds: 2,
  replayGb: 1769 / 1024,
  replayWorkers: 100,
  /** The steps outside the map (plan, choice, report) once; a worker and its map step for each share. */
  transitionsARun: 8,
  transitionsAShare: 3,
  shareBytes: 64 * 1024 * 1024,
  mostShares: 5_000,
  objectBytes: 128 * 1024 * 1024,
  getsAWorkersObject: 8,
  alarms: 35,
  metrics: 37,
}

/** Chaos experiments, whether there are any or not: the function that looks every minute, its turn, the brakes. */
const EXPERIMENTS = { looksAMonth: 60 * 24 * DAYS_A_MONTH, lookMs: 150, lookGb: 1769 / 1024, alarms: 7, metrics: 7 }

type Line = readonly [what: string, amount: string, usd: number]

function perMillion(usage: Usage, sender: keyof typeof SENDERS): readonly Line[] {
  const scale = 1e6 / usage.spans
  const traces = usage.traces * scale
  const requests = usage.requests * scale
  const chunks = usage.chunks * scale
  const batches = traces / ASSUMED.tracesABatch
  const timerBatches = chunks / ASSUMED.chunksATimerBatch
  const invocations = 2 * requests + batches + timerBatches
  const gbSeconds =
    (requests * (ASSUMED.ingestMs * ASSUMED.ingestGb + ASSUMED.authorizerMs * ASSUMED.authorizerGb) +
      chunks * ASSUMED.timerMsAChunk * ASSUMED.timerGb +
      traces * ASSUMED.judgeMsATrace * ASSUMED.judgeGb) /
    1000
  const timers = traces * ASSUMED.timersATrace[sender]
  // Sent by tens; received and deleted by tens.
  const queueRequests = (3 * timers) / 10
  const reads = usage.judgeReadUnits * scale + (timers - traces) * ASSUMED.readsOfASpareTimer
  const writes = (usage.ingestWriteUnits + usage.judgeWriteUnits) * scale
  const tableGbMonths = ((usage.tableBytes * scale) / 1e9) * (ASSUMED.tableDays / DAYS_A_MONTH)
  return [
    line('requests at the gateway', requests, 'gatewayRequest'),
    line(`writes of ${rounded(chunks)} chunks`, usage.ingestWriteUnits * scale, 'writeUnit'),
    line('writes of markers', writes - usage.ingestWriteUnits * scale, 'writeUnit'),
    line('reads to judge', reads, 'readUnit'),
    line('function time (GB-s)', gbSeconds, 'gbSecond'),
    line('function starts', invocations, 'invocation'),
    line('timer queue requests', queueRequests, 'queueRequest'),
    line('objects of the archive', batches, 'objectPut'),
    line(
      'compaction (GB-s)',
      (usage.archive.compactCpuMs / 1000) * scale * ASSUMED.compactionsASpan * ASSUMED.compactGb,
      'gbSecond',
    ),
    line('objects compaction reads', batches * ASSUMED.compactionsASpan * ASSUMED.getsAnObject, 'objectGet'),
    line('logs and metrics (GB)', (invocations * ASSUMED.logBytesAnInvocation) / 1e9, 'logGb'),
    line('table for 7 days (GB-months)', tableGbMonths, 'tableGbMonth'),
    line('its recovery copies (GB-months)', tableGbMonths, 'recoveryGbMonth'),
  ]
}

function line(what: string, amount: number, price: keyof typeof PRICES): Line {
  return [what, rounded(amount), costUsd(price, amount)]
}

function fixedAMonth(): number {
  return costUsd('secretMonth', 2) + costUsd('alarmMonth', ASSUMED.alarms) + costUsd('metricMonth', ASSUMED.metrics)
}

function experimentsAMonth(): readonly Line[] {
  const { looksAMonth, lookMs, lookGb, alarms, metrics } = EXPERIMENTS
  return [
    line('looks: function time (GB-s)', (looksAMonth * lookMs * lookGb) / 1000, 'gbSecond'),
    line('looks: function starts', looksAMonth, 'invocation'),
    line('looks: turn taken and given back', 2 * looksAMonth, 'writeUnit'),
    line('looks: events of the last days', 2 * looksAMonth, 'readUnit'),
    line('alarms', alarms, 'alarmMonth'),
    line('metrics of what fires', metrics, 'metricMonth'),
  ]
}

function rounded(amount: number): string {
  return amount.toLocaleString('en-US', { maximumSignificantDigits: 3 })
}

function scaleRow(spansADay: number, usd: number, archiveGb: number): readonly string[] {
  const millions = spansADay / 1e6
  const month = usd * millions * DAYS_A_MONTH + fixedAMonth()
  const archive = costUsd('objectGbMonth', archiveGb * millions * DAYS_A_MONTH * ASSUMED.archiveMonths)
  return [rounded(spansADay), `$${rounded(usd * millions)}`, `$${rounded(month)}`, `$${rounded(archive)}`]
}

/** The tables of a sender, and what a million spans cost. */
async function report(sender: keyof typeof SENDERS): Promise<{ readonly tables: Tables; readonly usd: number }> {
  const usage = await measureUsage({ ...TRAFFIC, sender })
  const lines = perMillion(usage, sender)
  const usd = lines.reduce((sum, [, , each]) => sum + each, 0)
  const rows = lines.map(([what, amount, each]) => [what, amount, each.toFixed(4)])
  const archiveGb = usage.archive.compactedBytes / usage.spans / 1000
  const scales = SPANS_A_DAY.map((spans) => scaleRow(spans, usd, archiveGb))
  const tables = {
    [`${sender}-measured`]: { head: ['measured', 'value'], rows: measured(usage) },
    [`${sender}-million`]: {
      head: ['a million spans', 'amount', 'USD'],
      rows: [...rows, ['**total**', '', `**${usd.toFixed(4)}**`]],
    },
    [`${sender}-scales`]: {
      head: ['spans a day', 'a day', 'a month, with alarms and metrics', 'a year of archive, a month'],
      rows: scales,
    },
    ...(sender === 'collector' && { replay: replayTable(usage.archive.compactedBytes / usage.spans) }),
  }
  return { tables, usd }
}

type Tables = Readonly<Record<string, Table>>

/** A replay of 29 days by one rule with filters, and one question of Athena over all columns of a day. */
function replayTable(bytesASpan: number): Table {
  const rows = SPANS_A_DAY.map((spansADay) => {
    const spans = spansADay * ASSUMED.replayDays
    const bytes = spans * bytesASpan
    const shares = Math.ceil(bytes / Math.max(ASSUMED.shareBytes, bytes / ASSUMED.mostShares))
    const secondsAShare = spans / shares / ASSUMED.replaySpansASecond + ASSUMED.replayStartSeconds
    const objects = Math.max(bytes / ASSUMED.objectBytes, ASSUMED.replayDays * 24)
    const usd =
      costUsd('gbSecond', shares * secondsAShare * ASSUMED.replayGb) +
      costUsd('invocation', shares) +
      costUsd('stateTransition', ASSUMED.transitionsARun + shares * ASSUMED.transitionsAShare) +
      costUsd('objectGet', objects * ASSUMED.getsAWorkersObject) +
      costUsd('objectPut', 2 * shares)
    const seconds = Math.ceil(shares / ASSUMED.replayWorkers) * secondsAShare
    const athenaUsd = costUsd('scannedTb', (spansADay * bytesASpan) / 1e12)
    return [
      rounded(spansADay),
      rounded(spans),
      `${rounded(bytes / 1e9)} GB`,
      rounded(shares),
      `${rounded(seconds)} s`,
      `$${rounded(usd)}`,
      `$${rounded(athenaUsd)}`,
    ]
  })
  const head = [
    'spans a day',
    'spans in 29 days',
    'compacted',
    'shares',
    'time, 100 workers',
    'a replay',
    'Athena over one day',
  ]
  return { head, rows }
}

function measured(usage: Usage): readonly (readonly string[])[] {
  return [
    ['write units a chunk', (usage.ingestWriteUnits / usage.chunks).toFixed(2)],
    ['chunks a trace', (usage.chunks / usage.traces).toFixed(2)],
    ['write units of the marker a trace', (usage.judgeWriteUnits / usage.traces).toFixed(2)],
    ['signals a thousand traces', ((1000 * usage.signals) / usage.traces).toFixed(1)],
    ['read units a trace', (usage.judgeReadUnits / usage.traces).toFixed(2)],
    ['bytes a chunk in the table', (usage.tableBytes / usage.chunks).toFixed(0)],
    ['bytes a span in the archive, as written', (usage.archive.writtenBytes / usage.spans).toFixed(0)],
    ['bytes a span in the archive, compacted', (usage.archive.compactedBytes / usage.spans).toFixed(0)],
    ['processor ms a thousand spans to compact', ((1000 * usage.archive.compactCpuMs) / usage.spans).toFixed(1)],
    ['processor ms a request at ingest, emulator included', (usage.ingestCpuMs / usage.requests).toFixed(1)],
    ['processor ms a trace to judge, emulator included', (usage.judgeCpuMs / usage.traces).toFixed(1)],
  ]
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { save: { type: 'boolean', default: false } } })
  const services = await report('services')
  const collector = await report('collector')
  const incidents = incidentTable(await measureIncident(TRACES_OF_INCIDENT))
  const others = { incidents, experiments: experimentsTable(), prices: pricesTable() }
  const tables = { ...services.tables, ...collector.tables, ...others }
  for (const [name, { head, rows }] of Object.entries(tables)) console.log(`### ${name}\n\n${table(head, rows)}\n`)
  if (values.save) saveResult('cost', { tables, texts: textsOf(services.usd, collector.usd) })
  if (collector.usd > TARGET_USD) console.error(`over the target of $${TARGET_USD} per million spans`)
  process.exitCode = collector.usd > TARGET_USD ? 1 : 0
}

/** What docs/cost.md says between its tables. */
function textsOf(servicesUsd: number, collectorUsd: number): Readonly<Record<string, string>> {
  const tracesAMillion = 1e6 / TRAFFIC.spansOfATrace
  const furtherUsd = (servicesUsd - collectorUsd) / (TRAFFIC.services - 1)
  const requests = 1e6 / TRAFFIC.spansOfARequest
  const ingestGbSeconds = (ASSUMED.ingestMs * ASSUMED.ingestGb + ASSUMED.authorizerMs * ASSUMED.authorizerGb) / 1000
  const aRequestUsd = costUsd('gatewayRequest', 1) + costUsd('invocation', 2) + costUsd('gbSecond', ingestGbSeconds)
  const signalUsd = costUsd('writeUnit', WRITE_UNITS_A_SIGNAL * tracesAMillion)
  const smallSpans = SMALL_REPLAY_BYTES / BYTES_A_SPAN
  const smallSeconds = smallSpans / ASSUMED.replaySpansASecond + ASSUMED.replayStartSeconds
  return {
    target: dollars(TARGET_USD),
    services: dollars(servicesUsd),
    collector: dollars(collectorUsd),
    'further-request': `$${furtherUsd.toFixed(3)}`,
    'requests-in-target': String(1 + Math.floor((TARGET_USD - collectorUsd) / furtherUsd)),
    'large-requests': dollars(aRequestUsd * requests * (1 - TRAFFIC.spansOfARequest / 512)),
    'signal-a-trace': dollars(signalUsd),
    'small-replay': `$${costUsd('gbSecond', smallSeconds * ASSUMED.replayGb).toFixed(4)}`,
    'small-objects': `$${costUsd('objectPut', 28_000 * DAYS_A_MONTH).toFixed(0)}`,
    'experiment-reads': dollars(costUsd('readUnit', 100 * ((24 * 3600) / 15))),
  }
}

function dollars(usd: number): string {
  return `$${usd.toFixed(2)}`
}

function experimentsTable(): Table {
  const experiments = experimentsAMonth()
  const monthly = experiments.reduce((sum, [, , each]) => sum + each, 0)
  const rows = experiments.map(([what, amount, each]) => [what, amount, each.toFixed(2)])
  return {
    head: ['chaos experiments, a month', 'amount', 'USD'],
    rows: [...rows, ['**total**', '', `**${monthly.toFixed(2)}**`]],
  }
}

/** Traces of the incident that is measured. */
const TRACES_OF_INCIDENT = 1_000

/** What a violating trace costs an open incident, and what the incident costs without it. */
function incidentTable({ traces, taken, dispatched, looked }: IncidentUsage): Table {
  const row = (what: string, writes: number, reads: number) => [
    what,
    writes.toFixed(2),
    reads.toFixed(2),
    `$${(costUsd('writeUnit', writes * 1e6) + costUsd('readUnit', reads * 1e6)).toFixed(2)}`,
  ]
  const rows = [
    row('a violating trace', taken.writes / traces, taken.reads / traces),
    row('an opening, to three receivers', dispatched.writes, dispatched.reads),
    row(`a look at an incident of ${rounded(traces)} traces`, looked.writes, looked.reads),
  ]
  return { head: ['incidents', 'write units', 'read units', 'a million of them'], rows }
}

function pricesTable(): Table {
  const rows = Object.values(PRICES).map(({ usd, per, unit, page }) => [unit, `$${usd} per ${rounded(per)}`, page])
  return { head: ['priced', 'list price', 'page'], rows }
}

await main()
