import type { ExperimentVerdict, RuleVerdict } from '../pipeline/experiment-verdict.ts'
import type { Paint, Style } from './paint.ts'
import { visible } from './visible.ts'

/** Rules that nothing exercised and nobody expected are named in one line where there are more. */
const MAX_IDLE_ROWS = 10

/** What another release sends may have none. */
const STYLES: ReadonlyMap<string, Style> = new Map<RuleVerdict['verdict'], Style>([
  ['held', 'green'],
  ['violated', 'red'],
  ['not-exercised', 'yellow'],
])

/** A verdict for people, line by line: what was judged, a table of the rules, what broke them, and what follows. */
export function verdictLines(verdict: ExperimentVerdict, paint: Paint): readonly string[] {
  const idle = verdict.rules.filter(({ verdict: of, expected }) => of === 'not-exercised' && !expected)
  const hidden = idle.length > MAX_IDLE_ROWS ? new Set(idle) : new Set()
  const shown = verdict.rules.filter((rule) => !hidden.has(rule))
  return [
    ...headLines(verdict, paint),
    '',
    ...tableLines(shown, paint),
    ...(hidden.size === 0 ? [] : [`  NOT EXERCISED  ${hidden.size} more rules`]),
    ...verdict.rules.flatMap((rule) => violationLines(rule, paint)),
    '',
    ...verdict.failures.map(({ key, reason }) => paint('red', visible(`missing here: ${key}: ${reason}`))),
    conclusion(verdict, paint),
  ]
}

function headLines(verdict: ExperimentVerdict, paint: Paint): readonly string[] {
  const { experiment, from, to, traces, services, before } = verdict
  const subject = experiment === undefined ? 'window' : `experiment ${visible(experiment.name)}`
  const id = experiment === undefined || experiment.id === experiment.name ? '' : ` (${visible(experiment.id)})`
  const scope = services.length === 0 ? '' : ` with spans of ${visible(services.join(', '))}`
  return [
    `${paint('bold', subject)}${id}: ${count(traces, 'trace')}${scope}`,
    paint('dim', visible(`${from} to ${to}; before it ${count(before.traces, 'trace')} since ${before.from}`)),
    ...remarks(experiment).map((remark) => paint('yellow', remark)),
  ]
}

function remarks(experiment: ExperimentVerdict['experiment']): readonly string[] {
  if (experiment === undefined) return []
  return [
    ...(experiment.state === 'abandoned' ? ['abandoned: nobody told its end, so it was taken to be over here'] : []),
    ...(experiment.cut ? ['it took longer than a window may: only its first part was judged'] : []),
    ...(experiment.clockSkew ? ['the clocks of those who told of it differ: its window may be off'] : []),
  ]
}

/** The verdict on a rule as people read it; data has it in lower case. */
export function verdictLabel(verdict: RuleVerdict['verdict']): string {
  return verdict.replace('-', ' ').toUpperCase()
}

/** The table of verdicts: rule, traces that exercised it, traces that broke it, and the window before. */
function tableLines(rules: readonly RuleVerdict[], paint: Paint): readonly string[] {
  const header = ['verdict', 'rule', 'exercised', 'violated', 'before', '']
  const rows = rules.map((rule) => [
    visible(verdictLabel(rule.verdict)),
    `${visible(rule.rule)}${rule.shadow ? ' (shadow)' : ''}`,
    grouped(rule.exercised),
    grouped(rule.violated),
    rule.before.exercised === 0 ? '-' : `${grouped(rule.before.violated)} of ${grouped(rule.before.exercised)}`,
    visible(rule.change ?? ''),
  ])
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return column < 2 || column === 5 ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
      .trimEnd()
  return [
    `  ${paint('bold', line(header))}`,
    ...rows.map((row, i) => `  ${paintFirst(line(row), rules[i] as RuleVerdict, paint)}`),
  ]
}

function paintFirst(line: string, { verdict }: RuleVerdict, paint: Paint): string {
  const shown = visible(verdictLabel(verdict))
  return `${paint(STYLES.get(verdict), shown)}${line.slice(shown.length)}`
}

function violationLines({ rule, violated, first, samples }: RuleVerdict, paint: Paint): readonly string[] {
  if (violated === 0) return []
  const more = violated - samples.length
  return [
    '',
    `  ${paint('red', visible(rule))} broke in ${count(violated, 'trace')}, first at ${visible(String(first))}`,
    ...samples.flatMap(({ traceId, service, text }) => [
      `    trace ${visible(traceId)}${service === '' ? '' : ` · ${visible(service)}`}`,
      ...text.split('\n').map((part) => `      ${visible(part)}`),
    ]),
    ...(more > 0 ? [`    … and ${grouped(more)} more`] : []),
  ]
}

/** One line: what the experiment showed; `show` writes the names of rules. */
export function conclusion(verdict: ExperimentVerdict, paint: Paint, show: (name: string) => string = visible): string {
  const { outcome, signals, unknownRules } = verdict
  const live = verdict.rules.filter(({ shadow }) => !shadow)
  if (outcome === 'violated') {
    const broken = live.filter(({ violated }) => violated > 0).map(({ rule }) => rule)
    return paint('red', `${count(signals, 'signal')}: ${broken.map(show).join(', ')} broke`)
  }
  if (outcome === 'held') return paint('green', '0 signals: invariants held')
  const expected = live.filter((rule) => rule.expected && rule.verdict === 'not-exercised').map(({ rule }) => rule)
  const unknown = unknownRules.map((name) => `${show(name)} (no such rule in force)`)
  const missing = [...expected.map(show), ...unknown]
  const what = missing.length === 0 ? 'any rule' : missing.join(', ')
  return paint('yellow', `0 signals, but nothing was proved: no trace exercised ${what}`)
}

function count(number: number, noun: string): string {
  return `${grouped(number)} ${noun}${number === 1 ? '' : 's'}`
}

function grouped(number: number): string {
  return Number(number).toLocaleString('en-US')
}
