import type { PlacedProblem } from '../../shared/text/problem-text.ts'
import { visible } from '../../shared/text/visible.ts'
import { type Element, writeXml } from '../xml.ts'
import type { Gap } from './coverage.ts'
import { gapText, type Results, type SuiteResult } from './results.ts'
import type { TestResult } from './run.ts'

/**
 * The results as JUnit XML, as CI servers read it: a suite for each file of tests, one for the coverage of each file of
 * rules (failed where `gapsFail`), one for problems.
 */
export function junitReport(
  { suites, coverage, problems }: Results,
  ruleFiles: readonly string[],
  gapsFail: boolean,
): string {
  const elements = [
    ...suites.map(suiteElement),
    coverageElement(coverage.gaps, ruleFiles, gapsFail),
    ...(problems.length === 0 ? [] : [problemsElement(problems)]),
  ]
  const sum = (key: string) => elements.reduce((total, { attributes }) => total + Number(attributes[key]), 0)
  const totals = { tests: sum('tests'), failures: sum('failures'), errors: sum('errors'), time: sum('time').toFixed(3) }
  const root = { name: 'testsuites', attributes: { name: 'betrace', ...totals }, children: elements }
  return writeXml(root)
}

function suiteElement({ file, tests }: SuiteResult): Element {
  const failures = tests.filter((test) => test.failures.length > 0).length
  const seconds = tests.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0) / 1000
  const attributes = { name: file, tests: tests.length, failures, errors: 0, skipped: 0, time: seconds.toFixed(3) }
  return { name: 'testsuite', attributes, children: tests.map((test) => testElement(file, test)) }
}

function testElement(file: string, { name, line, column, elapsedMs, failures }: TestResult): Element {
  return {
    name: 'testcase',
    attributes: { name, classname: file, time: (elapsedMs / 1000).toFixed(3) },
    children: failures.map(({ rule, message, evidence }) => ({
      name: 'failure',
      attributes: { type: rule, message },
      text: [`${file}:${line}:${column}`, message, ...evidence].map(visible).join('\n'),
    })),
  }
}

function coverageElement(gaps: readonly Gap[], ruleFiles: readonly string[], gapsFail: boolean): Element {
  const cases = ruleFiles.map((file) =>
    coverageCase(
      file,
      gaps.filter((gap) => gap.file === file),
      gapsFail,
    ),
  )
  const failures = gapsFail ? new Set(gaps.map(({ file }) => file)).size : 0
  const attributes = { name: 'clause coverage', tests: cases.length, failures, errors: 0, skipped: 0, time: '0.000' }
  return { name: 'testsuite', attributes, children: cases }
}

function coverageCase(file: string, gaps: readonly Gap[], gapsFail: boolean): Element {
  const attributes = { name: `every clause of ${file} is tested`, classname: file, time: '0.000' }
  const text = gaps.map((gap) => `${visible(gap.file)}:${gap.line}:${gap.column} ${gapText(gap)}`).join('\n')
  if (gaps.length === 0) return { name: 'testcase', attributes }
  const message = `no test shows ${gaps.length} of what the rules say`
  const told: Element = gapsFail
    ? { name: 'failure', attributes: { type: 'coverage', message }, text }
    : { name: 'system-out', attributes: {}, text }
  return { name: 'testcase', attributes, children: [told] }
}

function problemsElement(problems: readonly PlacedProblem[]): Element {
  const children = problems.map(({ file, range, code, message, hint }): Element => {
    const place = `${file}:${range.start.line}:${range.start.column}`
    const attributes = { name: `${place} ${code}`, classname: file, time: '0.000' }
    const text = visible(hint === undefined ? message : `${message}; ${hint}`)
    return { name: 'testcase', attributes, children: [{ name: 'error', attributes: { type: code, message }, text }] }
  })
  const count = problems.length
  const attributes = { name: 'problems', tests: count, failures: 0, errors: count, skipped: 0, time: '0.000' }
  return { name: 'testsuite', attributes, children }
}
