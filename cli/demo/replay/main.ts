import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { archiveFolder } from '../../../local/archive/parquet-archive.ts'
import { planLocalReplay, replayLocally } from '../../../local/replay/replay.ts'
import type { ReplayReport } from '../../../shared/replay/report.ts'
import { checkRules } from '../../../shared/rules/check/check.ts'
import { grouped } from '../../../shared/text/numbers.ts'
import { processTerminal } from '../../process.ts'
import { replayText } from '../../replay-text.ts'
import { guarded } from '../../terminal.ts'
import { archiveTraffic } from './archive-traffic.ts'

/*
 * npm run demo:replay
 * A shop runs for 29 days, and nobody has thought of retries. On day 30 somebody writes a rule, and asks what it would
 * have found: the 89 checkouts that were planted, and no other.
 */

const DAYS = 29
const DAY_MS = 86_400_000
const PLANTED = 89
const TRACES_AN_HOUR = 90
const RULE = `// Signal: RETRY_LIMIT_EXCEEDED (high)
// Description: retries should never exceed 3
trace.has(api.request).where(retries > 3)
`

const { stdout } = guarded(processTerminal())

async function main(): Promise<void> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'betrace-demo-replay-'))
  try {
    process.exitCode = (await demonstrate(dataFolder)) ? 0 : 1
  } finally {
    await rm(dataFolder, { recursive: true })
  }
}

async function demonstrate(dataFolder: string): Promise<boolean> {
  const toMs = Math.floor(Date.now() / DAY_MS) * DAY_MS
  const range = { fromMs: toMs - DAYS * DAY_MS, toMs }
  say(`Days 1 to ${DAYS}: the shop runs, its traces are archived …`)
  const plan = { fromMs: range.fromMs, hours: DAYS * 24, tracesAnHour: TRACES_AN_HOUR, violations: PLANTED, seed: 30 }
  const archived = await archiveTraffic(archiveFolder(dataFolder), plan)
  const size = `${(archived.bytes / 1e6).toFixed(1)} MB of Parquet`
  say(
    `  ${grouped(archived.traces)} traces, ${grouped(archived.spans)} spans, ${grouped(archived.objects)} files, ${size}`,
  )

  const rulePath = join(dataFolder, 'retries.rules')
  await writeFile(rulePath, RULE)
  say(`\nDay ${DAYS + 1}: somebody writes a rule.\n\n${RULE.replace(/^(?=.)/gm, '  ')}`)
  const { rules } = checkRules([{ file: rulePath, text: RULE }])

  say(`  $ betrace replay --from -${DAYS}d --rules retries.rules\n`)
  const startedMs = performance.now()
  const folder = archiveFolder(dataFolder)
  const found = await planLocalReplay(folder, range)
  const report = await replayLocally({ folder, rules, range, sampleLimit: PLANTED + 1, plan: found })
  const seconds = (performance.now() - startedMs) / 1000
  stdout.write(replayText(withSamples(report, 1), stdout))
  return verify(report, archived.violating, seconds)
}

function withSamples(report: ReplayReport, count: number): ReplayReport {
  return { ...report, rules: report.rules.map((rule) => ({ ...rule, samples: rule.samples.slice(0, count) })) }
}

/** Says whether the replay found the planted traces, all of them and no other. */
function verify(report: ReplayReport, planted: ReadonlySet<string>, seconds: number): boolean {
  const found = new Set(report.rules[0]?.samples.map(({ traceId }) => traceId))
  const missed = [...planted].filter((traceId) => !found.has(traceId))
  const wrong = [...found].filter((traceId) => !planted.has(traceId))
  const exact = missed.length === 0 && wrong.length === 0 && report.failures.length === 0
  const { spansScanned, spansSkipped } = report.objects
  const speed = `${grouped(spansScanned + spansSkipped)} spans in ${seconds.toFixed(2)} s`
  say(`\nFound ${found.size} violations where ${planted.size} were planted; replayed ${speed}.`)
  if (!exact) say(`This is wrong: ${missed.length} missed, ${wrong.length} found that were not planted.`)
  return exact
}

function say(text: string): void {
  stdout.write(`${text}\n`)
}

await main()
