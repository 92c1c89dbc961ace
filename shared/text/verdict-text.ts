import { type ExperimentVerdict, provesNothing, type RuleVerdict } from '../pipeline/experiment-verdict.ts'
import { absentLines } from './absent-text.ts'
import { counted, grouped } from './numbers.ts'
import type { Paint, Style } from './paint.ts'
import { visible } from './visible.ts'

/** Rules that nothing exercised and nobody expected are named in one line where there are more. */
const MAX_IDLE_ROWS = 10

/** What another release sends may have none. */
const STYLES: ReadonlyMap<string, Style> = new Map<RuleVerdict['verdict'], Style>([
  ['held', 'green'],
  ['violated', 'red'],
  ['not-exercised', 'yellow'],
  ['blind', 'yellow'],
  ['inconclusive', 'yellow'],
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
    ...absentLines(shown.filter(provesNothing), paint),
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
    `${paint('bold', subject)}${id}: ${counted(traces, 'trace')}${scope}`,
    paint('dim', visible(`${from} to ${to}; before it ${counted(before.traces, 'trace')} since ${before.from}`)),
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
    visible(remarkOn(rule)),
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

/** How the window compares with the one before, and on how many traces the rule could not tell. */
export function remarkOn({ verdict, change, blind, exercised, violated, tolerated }: RuleVerdict): string {
  const unseen = verdict === 'held' && blind > 0 ? `blind on ${grouped(blind)} of ${grouped(exercised)}` : undefined
  const allowed =
    verdict === 'held' && violated > 0 ? `tolerated up to ${Number((100 * Number(tolerated)).toFixed(4))} %` : undefined
  return [change ?? undefined, unseen, allowed].filter((part) => part !== undefined).join(', ')
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
    `  ${paint('red', visible(rule))} broke in ${counted(violated, 'trace')}, first at ${visible(String(first))}`,
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
    const broken = live.filter((rule) => rule.verdict === 'violated').map(({ rule }) => rule)
    return paint('red', `${counted(signals, 'signal')}: ${broken.map(show).join(', ')} broke`)
  }
  if (outcome === 'held') {
    const blind = live.filter((rule) => rule.verdict === 'blind').map(({ rule }) => show(rule))
    const sent = Number(signals) > 0 ? `${counted(signals, 'signal')}, as many as are tolerated` : '0 signals'
    if (blind.length === 0) return paint('green', `${sent}: invariants held`)
    return paint('yellow', `${sent}: invariants held, but ${blind.join(', ')} ${wasOrWere(blind)} blind`)
  }
  const expected = live.filter((rule) => rule.expected)
  const candidates = expected.length === 0 && unknownRules.length === 0 ? live : expected
  const blind = candidates.filter(({ verdict }) => verdict === 'blind').map(({ rule }) => show(rule))
  const idle = expected.filter(({ verdict }) => verdict === 'not-exercised').map(({ rule }) => show(rule))
  const missing = [...idle, ...unknownRules.map((name) => `${show(name)} (no such rule in force)`)]
  const reasons = [
    ...(blind.length === 0 ? [] : [`${blind.join(', ')} ${wasOrWere(blind)} blind`]),
    ...(missing.length === 0 && blind.length > 0
      ? []
      : [`no trace exercised ${missing.length === 0 ? 'any rule' : missing.join(', ')}`]),
  ]
  return paint('yellow', `0 signals, but nothing was proved: ${reasons.join('; ')}`)
}

function wasOrWere({ length }: readonly string[]): string {
  return length === 1 ? 'was' : 'were'
}
