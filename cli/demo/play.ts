import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRuntime } from '../../local/runtime.ts'
import { checkRules } from '../../shared/rules/check/check.ts'
import { counted } from '../../shared/text/numbers.ts'
import { readRuleFiles } from '../rule-files.ts'
import { type ExitCode, paint, type Terminal } from '../terminal.ts'
import { type Stage, sendRequests, signalledTraces, untilJudged } from './drive.ts'
import { type PlannedRequest, planRequests, SHOP_FOLDER, SHOP_PACKS } from './plan.ts'
import { disagreements, reportTable } from './report.ts'
import { createStatusLine } from './status-line.ts'

export interface DemoOptions {
  readonly requests: number
  readonly seed: number
  /** Milliseconds between requests. */
  readonly pace: number
}

const RULES = SHOP_PACKS.map((pack) => join(SHOP_FOLDER, `${pack}.rules`))

/** Longer than the services of the shop hold spans back, so that no trace is judged in the middle. */
const QUIET_PERIOD_MS = 1500

/** If the last verdicts take longer than this, something is broken. */
const PATIENCE_MS = 20_000

/** Plays the whole demo on the terminal. */
export async function demo(options: DemoOptions, terminal: Terminal): Promise<ExitCode> {
  const requests = planRequests(options.requests, options.seed)
  const dataFolder = await mkdtemp(join(tmpdir(), 'betrace-demo-'))
  const status = createStatusLine(terminal.stdout)
  try {
    const runtime = await startRuntime({
      dataFolder,
      rulePaths: RULES,
      settings: { port: 0, quietPeriodMs: QUIET_PERIOD_MS },
      screen: status.above,
    })
    try {
      return await play(requests, options.pace, { runtime, status, stop: terminal.interrupted() }, terminal)
    } finally {
      status.end()
      await runtime.close()
    }
  } finally {
    await rm(dataFolder, { recursive: true, force: true })
  }
}

async function play(
  requests: readonly PlannedRequest[],
  paceMs: number,
  stage: Stage,
  { stdout }: Terminal,
): Promise<ExitCode> {
  const { rules } = checkRules(await readRuleFiles(RULES))
  stdout.write(opening(requests, rules.length, stage.runtime.url))
  const planted = await sendRequests(requests, paceMs, stage)
  const allJudged = await untilJudged(requests, PATIENCE_MS, stage)
  stage.status.end()
  if (stage.stop.aborted) {
    stdout.write('stopped before the end: nothing was compared\n')
    return 130
  }
  const { tracesJudged, spansReceived } = stage.runtime.stats()
  const names = rules.map((rule) => rule.name)
  const outcome = { rules: names, tracesJudged, signalled: signalledTraces(stage.runtime), planted }
  stdout.write(`${counted(spansReceived, 'span')} of five services, judged as ${counted(tracesJudged, 'trace')}:\n\n`)
  stdout.write(reportTable(outcome, stdout))
  const faults = [...disagreements(outcome)]
  if (!allJudged) faults.push(`only ${tracesJudged} of ${requests.length} traces were judged in time`)
  for (const fault of faults) stdout.write(`${paint(stdout, 'red', '✗')} ${fault}\n`)
  if (faults.length > 0) return 1
  stdout.write(`\n${paint(stdout, 'green', '✓ every planted fault was signalled, and nothing else')}\n`)
  return 0
}

function opening(requests: readonly PlannedRequest[], ruleCount: number, url: string): string {
  const faulty = requests.filter((request) => request.fault !== undefined).length
  const shop = `A web shop of five services sends its spans by OTLP to ${url}.`
  const plan = `It serves ${counted(requests.length, 'request')}; ${faulty} of them carry a fault.`
  return `${shop}\n${plan} ${counted(ruleCount, 'rule')} of ${SHOP_FOLDER} judge every trace.\n\n`
}
