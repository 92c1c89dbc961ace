import { counted } from '../../shared/text/numbers.ts'
import { visible } from '../../shared/text/visible.ts'
import { paint, type Screen } from '../terminal.ts'
import { coverageText, gapText, type Results, type SuiteResult, totalsOf } from './results.ts'
import type { TestResult } from './run.ts'

/** The results for people: each test, why one failed, and what no test shows. */
export function prettyReport({ suites, coverage, problems }: Results, screen: Screen): string {
  const gaps = coverage.gaps.map((gap) => `  ${visible(gap.file)}:${gap.line}:${gap.column}  ${gapText(gap)}`)
  const { tests, failed } = totalsOf(suites)
  const isGood = failed === 0 && problems.length === 0
  const sign = isGood ? paint(screen, 'green', '✓') : paint(screen, 'red', '✗')
  const outcome = failed === 0 ? `${counted(tests, 'test')} passed` : `${failed} of ${counted(tests, 'test')} failed`
  const kept = problems.length === 0 ? [] : [`${counted(problems.length, 'problem')} above`]
  return [
    ...suites.flatMap((suite) => suiteLines(suite, screen)),
    ...(gaps.length === 0 ? [] : [paint(screen, 'yellow', 'no test shows'), ...gaps, '']),
    `${sign} ${[outcome, coverageText(coverage), ...kept].join(', ')}`,
    '',
  ].join('\n')
}

function suiteLines({ file, tests }: SuiteResult, screen: Screen): readonly string[] {
  return [paint(screen, 'bold', visible(file)), ...tests.flatMap((test) => testLines(file, test, screen)), '']
}

function testLines(file: string, { name, line, column, failures }: TestResult, screen: Screen): readonly string[] {
  const shown = visible(name)
  if (failures.length === 0) return [`  ${paint(screen, 'green', '✓')} ${shown}`]
  return [
    `  ${paint(screen, 'red', '✗')} ${shown}  ${paint(screen, 'dim', `${visible(file)}:${line}:${column}`)}`,
    ...failures.flatMap(({ message, evidence }) => [
      `      ${paint(screen, 'red', visible(message))}`,
      ...evidence.map((each) => `        ${visible(each)}`),
    ]),
  ]
}
