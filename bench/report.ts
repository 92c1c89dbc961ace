import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, RESULTS_FOLDER, type SuiteResult } from './machine.ts'
import type { Bounds, CheckedFigure, Measurement } from './suite.ts'
import { table } from './table.ts'

/*
 * Figures of a page are between marks, and come from bench/results alone:
 *
 *   <!-- result: judge cases -->…<!-- end -->
 *
 * names a result and what of it: `cases`, `per second`, `figures`, `findings`, `conditions`, or the name of one of its
 * tables or texts.
 */
const MARKED = /(<!-- result: ([\w-]+) (.+?) -->)(.*?)(<!-- end -->)/gs

/** Pages with such marks. */
export const PAGES = ['docs/performance.md', 'docs/scale.md', 'docs/cost.md'] as const

/** What a result file may hold. */
export type Result = Partial<SuiteResult> & {
  readonly texts?: Readonly<Record<string, string>>
  readonly findings?: readonly { readonly what: string; readonly measured: string; readonly holds: boolean }[]
}

/** A page with all its marked figures as the results have them. */
export function renderPage(page: string, resultOf: (name: string) => Result | undefined): string {
  return page.replace(MARKED, (_, open: string, name: string, what: string, __: string, close: string) => {
    const shown = shownOf(name, what, resultOf(name))
    return shown.startsWith('|') ? `${open}\n\n${shown}\n\n${close}` : `${open}${shown}${close}`
  })
}

/** The committed result of this name. */
export function committedResult(name: string): Result | undefined {
  const path = join(RESULTS_FOLDER, `${name}.json`)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Result) : undefined
}

/** Rewrites the pages from the committed results; returns the names of those that changed. */
export function writePages(): readonly string[] {
  return PAGES.filter((page) => {
    const path = join(import.meta.dirname, '..', page)
    const before = readFileSync(path, 'utf8')
    const after = renderPage(before, committedResult)
    if (after !== before) writeFileSync(path, after)
    return after !== before
  })
}

function shownOf(name: string, what: string, result: Result | undefined): string {
  if (result === undefined) return `*bench/results/${name}.json is not there yet*`
  if (what === 'conditions') return conditions(result)
  if (what === 'cases') return casesTable(result.measurements ?? [])
  if (what === 'figures') return figuresTable(result.figures ?? [])
  if (what === 'findings') return findingsTable(result.findings ?? [])
  if (what === 'per second') return ratesTable(result.measurements ?? [])
  const found = result.tables?.[what]
  if (found !== undefined) return table(found.head, found.rows)
  const text = result.texts?.[what]
  if (text !== undefined) return text
  throw new Error(`bench/results/${name}.json has no "${what}"`)
}

function conditions({ version, commit, processor, node }: Partial<Machine>): string {
  return `version ${version}, commit ${commit}, ${processor}, Node ${node}`
}

/** Shows the bound that must hold beside the measurement. */
function casesTable(measurements: readonly Measurement[]): string {
  const rows = measurements.map(({ name, nanosPerUnit, unit, against }) => [
    name,
    `${timeOf(nanosPerUnit)}/${unit}`,
    against === undefined ? '' : `${significant(against.measured)} ${against.ratio}`,
    against === undefined ? '' : boundOf(against),
    against?.baseline ?? '',
  ])
  return table(['case', 'processor time', 'ratio', 'must be', 'than'], rows)
}

function ratesTable(measurements: readonly Measurement[]): string {
  const rows = measurements.map(({ name, unit, unitsPerSecond }) => [name, `${significant(unitsPerSecond)} ${unit}s`])
  return table(['case', 'a second and core'], rows)
}

function figuresTable(figures: readonly CheckedFigure[]): string {
  const rows = figures.map(({ name, value, unit, ...bounds }) => [
    name,
    `${significant(value)} ${unit}`,
    boundOf(bounds),
  ])
  return table(['figure', 'value', 'must be'], rows)
}

function findingsTable(findings: NonNullable<Result['findings']>): string {
  const rows = findings.map(({ what, measured, holds }) => [what, `${measured}${holds ? '' : ' (does not hold)'}`])
  return table(['what', 'measured'], rows)
}

function boundOf({ atMost, atLeast }: Bounds): string {
  if (atMost !== undefined) return `at most ${atMost}`
  return atLeast !== undefined ? `at least ${atLeast}` : ''
}

function timeOf(nanos: number): string {
  if (nanos >= 1e6) return `${significant(nanos / 1e6)} ms`
  return nanos >= 10_000 ? `${significant(nanos / 1000)} µs` : `${significant(nanos)} ns`
}

function significant(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 3 })
}
