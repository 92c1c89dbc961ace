import type { Change, SuiteChange } from './compare.ts'
import type { Bounds, CheckedFigure, Measurement } from './suite.ts'

/** A suite's cases and figures, a line each. */
export function suiteText(
  suite: string,
  measurements: readonly Measurement[],
  figures: readonly CheckedFigure[],
): string {
  const rows = measurements.map((each) => [
    each.name,
    `${each.nanosPerUnit.toFixed(1)} ns/${each.unit}`,
    `${Math.round(each.unitsPerSecond).toLocaleString('en')} ${each.unit}s/s`,
    describeRatio(each),
  ])
  const counted = figures.map(({ name, value, unit, holds, ...bounds }) => [
    name,
    `${rounded(value)} ${unit}`,
    '',
    `${boundText(bounds)}${holds ? '' : '  FAILED'}`.trim(),
  ])
  return `\n${suite}\n${aligned([...rows, ...counted])}`
}

function describeRatio({ against }: Measurement): string {
  if (against === undefined) return ''
  const { measured, ratio, baseline, holds } = against
  return `${measured.toFixed(2)} ${ratio} than ${baseline}${boundText(against)}${holds ? '' : '  FAILED'}`
}

function boundText({ atMost, atLeast }: Bounds): string {
  if (atMost !== undefined) return ` (at most ${atMost})`
  return atLeast !== undefined ? ` (at least ${atLeast})` : ''
}

/** What changed in a suite, a line for each case; a sign before what became worse. */
export function changeText({ suite, differs, changes }: SuiteChange): string {
  const rows = changes.map((change) => [`${sign(change)} ${change.name}`, ...changeCells(change)])
  return [`\n${suite}, against the earlier result`, ...differs.map((line) => `  ! ${line}`), aligned(rows)].join('\n')
}

function sign(change: Change): string {
  return change.kind === 'compared' && change.regression ? '✗' : ' '
}

function changeCells(change: Change): readonly string[] {
  if (change.kind !== 'compared') return [change.kind, '', change.why ?? '']
  const { worse, before, after, by, regression } = change
  const percent = `${Math.abs(worse * 100).toFixed(1)} % ${worse > 0 ? 'worse' : 'better'}`
  const noise = worse > 0.1 && !regression ? ' (no more than its rounds differ)' : ''
  return [percent, `${rounded(before)} -> ${rounded(after)}`, `${by}${noise}`]
}

function rounded(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 4 })
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map(([name = '', first = '', second = '', rest = '']) => {
      const cells = [name.padEnd(widths[0] ?? 0), first.padStart(widths[1] ?? 0), second.padStart(widths[2] ?? 0), rest]
      return `  ${cells.join('  ')}`.trimEnd()
    })
    .join('\n')
}
