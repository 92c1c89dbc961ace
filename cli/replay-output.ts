import type { ReplayReport } from '../shared/replay/report.ts'
import { counted, grouped } from '../shared/text/numbers.ts'
import { visible } from '../shared/text/visible.ts'
import { replayText } from './replay-text.ts'
import { type ExitCode, paint, type Terminal, write } from './terminal.ts'

export type ReplayFormat = 'pretty' | 'json' | 'jsonl'

/** What there is to look at. */
export interface ReplaySize {
  readonly fromMs: number
  readonly toMs: number
  readonly objects: number
  readonly bytes: number
  readonly spans: number
  readonly seconds: number
}

/** Says how much there is to look at, on one line. */
export async function writeSize(size: ReplaySize, terminal: Terminal): Promise<ExitCode> {
  const amount = `${counted(size.objects, 'object')} with ${megabytes(size.bytes)}`
  const from = new Date(size.fromMs).toISOString()
  const to = new Date(size.toMs).toISOString()
  const time = size.seconds < 1 ? 'under a second' : `about ${Math.ceil(size.seconds)} s`
  const text = `${from} to ${to}: ${amount}, about ${grouped(size.spans)} spans, ${time}`
  await write(terminal.stdout, `${visible(text)}\n`)
  return 0
}

/** Writes a report: failures to stderr, the rest as the format has it, then a summary to stderr. */
export async function showReport(
  report: ReplayReport,
  format: ReplayFormat,
  seconds: number,
  terminal: Terminal,
): Promise<void> {
  for (const { key, reason } of report.failures) {
    terminal.stderr.write(`${paint(terminal.stderr, 'red', 'betrace:')} ${visible(`${key}: ${reason}`)}\n`)
  }
  if (format === 'json') await write(terminal.stdout, `${JSON.stringify(report, null, 2)}\n`)
  else if (format === 'pretty') await write(terminal.stdout, replayText(report, terminal.stdout))
  else for (const line of violationLines(report)) await write(terminal.stdout, line)
  await write(terminal.stderr, summary(report, seconds))
}

function violationLines({ rules }: ReplayReport): readonly string[] {
  return rules.flatMap(({ samples }) => samples.map((sample) => `${JSON.stringify(sample)}\n`))
}

function summary(report: ReplayReport, seconds: number): string {
  const { objects, rules, traces } = report
  const violated = rules.reduce((sum, rule) => sum + rule.violated, 0)
  const spans = objects.spansScanned + objects.spansSkipped
  const read = `${megabytes(objects.bytesScanned)} of ${megabytes(objects.bytesScanned + objects.bytesSkipped)} read`
  const judged = `${counted(rules.length, 'rule')} on ${counted(traces, 'trace')}, ${counted(spans, 'span')}`
  const through =
    report.archivedThrough === null ? 'nothing archived' : `archived through ${visible(report.archivedThrough)}`
  return `${counted(violated, 'violation')}: ${judged} (${read}, ${through}) in ${seconds.toFixed(1)} s\n`
}

/** `isWhole`: all rules could be used, and all that was found was shown. */
export function exitCodeOf({ failures, rules }: ReplayReport, isWhole: boolean): ExitCode {
  if (failures.length > 0 || !isWhole) return 2
  return rules.some(({ violated }) => violated > 0) ? 1 : 0
}

const BAR_CELLS = 24

/** How far a replay is, as a line of progress. */
export function bar(done: number, all: number): string {
  const full = all === 0 ? BAR_CELLS : Math.floor((BAR_CELLS * done) / all)
  return `replaying ${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)}`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
