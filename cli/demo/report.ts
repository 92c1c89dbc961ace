import { grouped } from '../../shared/text/numbers.ts'
import { paint, type Screen } from '../terminal.ts'

/** Trace ids by rule name. */
export type TracesByRule = ReadonlyMap<string, ReadonlySet<string>>

/** What the demo knows at its end. */
export interface DemoOutcome {
  /** Names of all rules in force. */
  readonly rules: readonly string[]
  readonly tracesJudged: number
  readonly signalled: TracesByRule
  readonly planted: TracesByRule
}

/** Each way in which signals and planted faults differ, one line a trace; empty where they agree. */
export function disagreements({ rules, signalled, planted }: DemoOutcome): readonly string[] {
  const names = [...new Set([...rules, ...planted.keys(), ...signalled.keys()])]
  return names.flatMap((rule) => [
    ...missing(planted.get(rule), signalled.get(rule)).map(
      (id) => `${rule}: planted in trace ${id}, but no signal came`,
    ),
    ...missing(signalled.get(rule), planted.get(rule)).map(
      (id) => `${rule}: a signal for trace ${id}, where nothing was planted`,
    ),
  ])
}

function missing(these: ReadonlySet<string> = new Set(), there: ReadonlySet<string> = new Set()): readonly string[] {
  return [...these].filter((traceId) => !there.has(traceId))
}

/** A table of all rules: traces judged, signals, planted, and whether the last two are the same traces. */
export function reportTable(outcome: DemoOutcome, screen: Screen): string {
  const header = ['rule', 'traces judged', 'signals', 'planted', '']
  const rows = outcome.rules.map((rule) => {
    const one = {
      ...outcome,
      rules: [rule],
      signalled: only(outcome.signalled, rule),
      planted: only(outcome.planted, rule),
    }
    const counts = [outcome.tracesJudged, outcome.signalled.get(rule)?.size ?? 0, outcome.planted.get(rule)?.size ?? 0]
    return [rule, ...counts.map(grouped), disagreements(one).length === 0 ? '✓' : '✗']
  })
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
  const body = rows.map((row) => {
    const agrees = row.at(-1) === '✓'
    return `  ${line(row.slice(0, -1))}  ${paint(screen, agrees ? 'green' : 'red', agrees ? '✓' : '✗')}`
  })
  return [`  ${paint(screen, 'bold', line(header).trimEnd())}`, ...body].map((text) => `${text}\n`).join('')
}

function only(traces: TracesByRule, rule: string): TracesByRule {
  return new Map([...traces].filter(([name]) => name === rule))
}
