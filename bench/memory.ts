import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { shopTraffic } from '../cli/demo/replay/traffic.ts'
import { folderStore } from '../local/archive/folder-store.ts'
import { planLocalReplay, replayLocally } from '../local/replay/replay.ts'
import { COMPACTION_LIMITS, compactHour } from '../shared/archive/compact.ts'
import { objectKey } from '../shared/archive/object-key.ts'
import { type TraceRecord, traceRecord } from '../shared/archive/trace-record.ts'
import { writeObject } from '../shared/archive/write-object.ts'
import { checkRules } from '../shared/rules/check/check.ts'
import { saveResult } from './machine.ts'
import { positive } from './options.ts'

/*
 * npm run bench:memory -- [--spans N] [--objects N] [--save]
 * How much memory an hour of many spans takes to replay, and to compact: each in a process of its own, which reports the
 * most it ever held. Every tenth trace has a late part in another object. Exits 1 where something takes over 1 GB. `--save`
 * writes bench/results/memory.json.
 */

const HOUR = { fromMs: Date.UTC(2025, 9, 15, 12), toMs: Date.UTC(2025, 9, 15, 13) }
const MOST_MEBIBYTES = 1000
const RULES = {
  names: 'trace.has(payment.charge) and not trace.has(cart.validate)',
  filters: 'trace.has(api.request).where(retries > 2 and user.id != nobody)',
  everything: 'trace.count(any.where(session.id matches "^00" or span.duration > 1s)) > 3',
} as const

type Step = 'compact' | keyof typeof RULES

interface Outcome {
  readonly seconds: number
  readonly mebibytes: number
  readonly said: string
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      spans: { type: 'string', default: '5000000' },
      objects: { type: 'string', default: '40' },
      save: { type: 'boolean', default: false },
    },
  })
  const [step, folder] = positionals
  if (step !== undefined && folder !== undefined) {
    process.stdout.write(JSON.stringify(await measured(() => take(step as Step, folder))))
    return
  }
  const temporary = mkdtempSync(join(tmpdir(), 'betrace-memory-'))
  try {
    const rows = await compare(temporary, positive(values.spans), positive(values.objects))
    if (values.save) saveResult('memory', { tables: { steps: { head: HEAD, rows } } })
  } finally {
    rmSync(temporary, { recursive: true })
  }
}

const HEAD = ['step, in a process of its own', 'MiB at most', 'seconds', 'result']

async function compare(folder: string, spans: number, objects: number): Promise<readonly (readonly string[])[]> {
  const rules = Object.keys(RULES)
  const steps: readonly (readonly [string, () => Outcome])[] = [
    ...rules.map((rule) => [`replay, ${rule}`, () => apart(rule, folder)] as const),
    ['compaction', () => apart('compact', folder)],
    ...rules.map((rule) => [`replay of the compacted hour, ${rule}`, () => apart(rule, folder)] as const),
  ]
  const rows = [said('generating it', await measured(() => generate(folder, spans, objects)))]
  for (const [what, run] of steps) rows.push(said(what, run()))
  return rows
}

function apart(step: string, folder: string): Outcome {
  const outcome: Outcome = JSON.parse(
    execFileSync(process.execPath, [fileURLToPath(import.meta.url), step, folder], { encoding: 'utf8' }),
  )
  if (outcome.mebibytes > MOST_MEBIBYTES) process.exitCode = 1
  return outcome
}

/** Prints a row of the table, and returns it. */
function said(what: string, outcome: Outcome): readonly string[] {
  const row = [what, outcome.mebibytes.toFixed(0), outcome.seconds.toFixed(1), outcome.said]
  console.log(`${what.padEnd(36)} ${row[1]?.padStart(5)} MiB ${row[2]?.padStart(6)} s  ${outcome.said}`)
  return row
}

async function measured(run: () => Promise<string>): Promise<Outcome> {
  const startedMs = performance.now()
  const said = await run()
  const seconds = (performance.now() - startedMs) / 1000
  return { said, seconds, mebibytes: process.resourceUsage().maxRSS / 1024 }
}

async function take(step: Step, folder: string): Promise<string> {
  if (step === 'compact') {
    const run = { nowMs: Date.now(), token: randomUUID() }
    const { merged, written } = await compactHour(folderStore(folder), HOUR.fromMs, run, COMPACTION_LIMITS)
    return `${merged} objects into ${written}`
  }
  const { rules } = checkRules([{ file: step, text: `// Signal: RULE (high)\n${RULES[step]}\n` }])
  const plan = await planLocalReplay(folder, HOUR)
  const { traces, objects, failures, ...report } = await replayLocally({
    folder,
    rules,
    range: HOUR,
    sampleLimit: 10,
    plan,
  })
  if (failures.length > 0) throw new Error(failures[0]?.reason)
  const violated = report.rules[0]?.violated.toLocaleString('en')
  return `${violated} violations in ${traces.toLocaleString('en')} traces, ${objects.spansScanned.toLocaleString('en')} spans`
}

/** Writes the hour as the given number of objects. */
async function generate(folder: string, spans: number, objects: number): Promise<string> {
  const store = folderStore(folder)
  const spansAnObject = spans / objects
  let records: TraceRecord[] = []
  let late: TraceRecord[] = []
  const sum = { spans: 0, traces: 0, bytes: 0, held: 0 }
  const flush = async () => {
    const { bytes } = writeObject([...records, ...late])
    await store.put(objectKey(HOUR.fromMs, bytes, 'written'), bytes)
    sum.bytes += bytes.length
    sum.held = 0
    late = records.filter((_, index) => index % 10 === 0).map(latePart)
    records = []
  }
  const traffic = { fromMs: HOUR.fromMs, hours: 1, tracesAnHour: Math.ceil(spans / 6.5), violations: 100, seed: 5 }
  for (const { traceId, startMs, chunk, spanCount } of shopTraffic(traffic, () => {})) {
    const filing = { atMs: startMs, by: 'start' as const }
    const rest = { filing, revision: 1, reason: 'verdict' as const, complete: true, truncated: false }
    records.push(traceRecord({ traceId, chunks: [chunk], ...rest }))
    sum.traces++
    sum.spans += spanCount
    sum.held += spanCount
    if (sum.held >= spansAnObject) await flush()
    if (sum.spans >= spans) break
  }
  await flush()
  return `${sum.spans.toLocaleString('en')} spans, ${(sum.bytes / 1e6).toFixed(0)} MB`
}

function latePart(record: TraceRecord): TraceRecord {
  const spans = record.spans.slice(-1).map((span) => ({ ...span, spanId: Buffer.alloc(8, 0xee), name: 'audit.write' }))
  return { ...record, reason: 'late', spans }
}

await main()
