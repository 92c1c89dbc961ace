import { provesNothing } from '../pipeline/experiment-verdict.ts'
import type { RuleState, RuleStates } from '../pipeline/rule-state.ts'
import { absentLines } from './absent-text.ts'
import { counted, grouped } from './numbers.ts'
import type { Paint, Style } from './paint.ts'
import { sparkline } from './sparkline.ts'
import { verdictLabel } from './verdict-text.ts'
import { visible } from './visible.ts'

/** The first is shown first. */
const STYLES: Readonly<Record<RuleState['state'], Style>> = {
  violated: 'red',
  inconclusive: 'yellow',
  blind: 'yellow',
  held: 'green',
  'not-exercised': 'dim',
}

const ORDER = Object.keys(STYLES)

const HOUR_MS = 3_600_000
/** Columns that a line of violations has at most; of a longer range each is several hours. */
const MAX_COLUMNS = 25

/** States for people, line by line: a table of the rules, and the attributes that blind ones need. Ages count to `nowMs`. */
export function ruleStateLines(states: RuleStates, nowMs: number, paint: Paint): readonly string[] {
  const { from, to, traces, partialHours, failures } = states
  const rules = states.rules.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state))
  const columns = columnsOf(states)
  const each = columns.hours === 1 ? 'hour' : `${columns.hours} hours`
  const header = ['state', 'rule', 'last exercised', 'exercised', 'violated', `violated each ${each}`, '']
  const rows = rules.map((rule) => [
    verdictLabel(rule.state),
    `${visible(rule.rule)}${marksOf(rule)}`,
    rule.lastExercised === null ? 'never' : `${rule.lastExercised.slice(0, 19)}Z ${ageOf(rule.lastExercised, nowMs)}`,
    grouped(rule.exercised),
    grouped(rule.violated),
    rule.exercised === 0 ? '' : sparkline(violationsIn(columns, rule)),
    remarkOnBlind(rule),
  ])
  return [
    `${paint('bold', counted(rules.length, 'rule'))} on ${counted(traces, 'trace')}`,
    paint('dim', `${from} to ${to}`),
    '',
    ...tableOf([header, ...rows], (line, row) => {
      const state = rules[row - 1]?.state
      if (state === undefined) return paint('bold', line)
      const { length } = verdictLabel(state)
      return `${paint(STYLES[state], line.slice(0, length))}${line.slice(length)}`
    }),
    ...absentLines(
      rules.filter(({ state }) => provesNothing({ verdict: state })),
      paint,
    ),
    ...(partialHours.length + failures.length === 0 ? [] : ['']),
    ...partialHours.map((hour) =>
      paint(
        'yellow',
        `only a part of ${hour} was judged: it is too large for its summary; ask betrace verify about it`,
      ),
    ),
    ...failures.map(({ key, reason }) => paint('red', visible(`missing here: ${key}: ${reason}`))),
  ]
}

function remarkOnBlind({ state, blind, exercised }: RuleState): string {
  return state === 'held' && blind > 0 ? `blind on ${grouped(blind)} of ${grouped(exercised)}` : ''
}

function marksOf({ shadow, keptBack }: RuleState): string {
  const marks = [...(shadow ? ['shadow'] : []), ...(keptBack ? ['kept back'] : [])]
  return marks.length === 0 ? '' : ` (${marks.join(', ')})`
}

/** `(3 min ago)`; a clock that is behind makes it `(now)`. */
function ageOf(time: string, nowMs: number): string {
  const seconds = Math.floor((nowMs - Date.parse(time)) / 1000)
  if (seconds < 1) return '(now)'
  if (seconds < 60) return `(${seconds} s ago)`
  if (seconds < 3600) return `(${Math.floor(seconds / 60)} min ago)`
  if (seconds < 48 * 3600) return `(${Math.floor(seconds / 3600)} h ago)`
  return `(${Math.floor(seconds / 86_400)} days ago)`
}

/** How the hours of the range are put into columns. */
interface Columns {
  readonly fromMs: number
  readonly count: number
  /** Hours in each. */
  readonly hours: number
}

function columnsOf({ from, to }: RuleStates): Columns {
  const fromMs = Date.parse(from)
  const all = (Date.parse(to) - fromMs) / HOUR_MS
  const hours = Math.max(1, Math.ceil(all / MAX_COLUMNS))
  return { fromMs, count: Math.ceil(all / hours), hours }
}

/** A rule's violations in each column, oldest first. */
function violationsIn({ fromMs, count, hours: each }: Columns, { hours }: RuleState): readonly number[] {
  const sums = Array.from({ length: count }, () => 0)
  for (const { hour, violated } of hours) {
    const column = Math.floor((Date.parse(hour) - fromMs) / (each * HOUR_MS))
    if (sums[column] !== undefined) sums[column] += violated
  }
  return sums
}

function tableOf(
  rows: readonly (readonly string[])[],
  paintRow: (line: string, row: number) => string,
): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)))
  return rows.map((cells, row) => {
    const padded = cells.map((cell, column) => {
      const width = widths[column] ?? 0
      return column === 3 || column === 4 ? cell.padStart(width) : cell.padEnd(width)
    })
    return `  ${paintRow(padded.join('  ').trimEnd(), row)}`
  })
}
