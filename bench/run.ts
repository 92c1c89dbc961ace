import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compareSuite, type SuiteChange } from './compare.ts'
import { RESULTS_FOLDER, readSuiteResults, type SuiteResult, saveResult } from './machine.ts'
import { positive } from './options.ts'
import { packFiles } from './pack-files.ts'
import { changeText, suiteText } from './print.ts'
import { writePages } from './report.ts'
import type { Effort } from './runner.ts'
import { type Bounds, type Size, within } from './suite.ts'
import { loadSuites, measureSuite, suiteNames } from './suites.ts'

const HELP = `Usage: npm run bench -- [SUITE…] [options]

Measures every suite, or those named, in processor time; prints a table each. Takes about a quarter of an hour.

  --save           writes bench/results/SUITE.json, with version, commit, processor and Node
  --compare        compares with the committed results, and names what became more than 10 % slower
  --compare OLD NEW
                   compares two results, files or folders, without measuring
  --against PATH   compares with results in this file or folder
  --quick          a minute: whether every suite runs, on less data; only what misses its bound 10 times over fails
  --report         writes the figures of docs/ anew from bench/results, without measuring
  --rounds N       rounds (9), --round-ms N: time of a case in each (200)
  --traces FILE…   with the suite codec: measures your own traces, OTLP/JSON lines or protobuf, plain or compressed

Exit code 0: all bounds hold and nothing became slower; 1: a bound does not hold or something did; 2: wrong usage.

  npm run bench                                   everything
  npm run bench -- judge split                    two suites
  npm run bench -- judge --compare                one, against what was committed
  npm run bench -- --compare old/ bench/results   what changed between two sets of results
  npm run bench -- codec --traces spans.jsonl.gz  how well your spans are packed
  npm run bench:all                               all results and the pages that show them, to be committed
`

/** On a machine that does something else, what is wide of its bound is a finding, what is near it is not. */
const QUICK_MARGIN = 10

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      'round-ms': { type: 'string' },
      save: { type: 'boolean', default: false },
      compare: { type: 'boolean', default: false },
      against: { type: 'string' },
      quick: { type: 'boolean', default: false },
      traces: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  // The suite `rules` has the name of a folder.
  const paths = positionals.filter((each) => !suiteNames().includes(each) && existsSync(each))
  if (values.help) return said(HELP)
  if (values.report) return said(`rewritten: ${writePages().join(', ') || 'no page'}\n`)
  if (values.traces) return said(`${await packFiles(paths)}\n`)
  if (values.compare && paths.length > 0) return compareSaved(paths)
  if (values.quick && values.save) throw new Error('--quick measures too little to be saved')
  const roundMs = positive(values['round-ms'] ?? (values.quick ? '20' : '200'))
  const rounds = positive(values.rounds ?? (values.quick ? '1' : '9'))
  const compares = values.compare || values.against !== undefined
  return measureSuites(positionals, {
    effort: { rounds, roundMs, warmUpMs: values.quick ? 0 : 5 * roundMs },
    size: values.quick ? 'quick' : 'full',
    save: values.save,
    ...(compares && { earlier: readSuiteResults(values.against ?? RESULTS_FOLDER) }),
  })
}

interface Measuring {
  readonly effort: Effort
  readonly size: Size
  readonly save: boolean
  readonly earlier?: readonly SuiteResult[]
}

async function measureSuites(names: readonly string[], { effort, size, save, earlier }: Measuring): Promise<number> {
  let failed = 0
  for (const suite of await loadSuites(names)) {
    const result = await measureSuite(suite, effort, size)
    const { measurements, figures = [], tables } = result
    console.log(suiteText(suite.name, measurements, figures))
    failed += size === 'quick' ? missedByFar(result) : missed(result)
    if (earlier !== undefined) failed += compareOne(earlier, result)
    if (save)
      saveResult(suite.name, {
        effort,
        measurements,
        ...(figures.length > 0 && { figures }),
        ...(tables && { tables }),
      })
  }
  return failed > 0 ? 1 : 0
}

function said(text: string): number {
  process.stdout.write(text)
  return 0
}

function missed({ measurements, figures = [] }: SuiteResult): number {
  return [...measurements.map(({ against }) => against), ...figures].filter((each) => each?.holds === false).length
}

/** Figures are counted, and the same however little is measured. */
function missedByFar({ suite, measurements, figures = [] }: SuiteResult): number {
  const failed = measurements.filter(({ against }) => against?.holds === false)
  const far = failed.filter(({ against }) => against !== undefined && !within(against.measured, widened(against)))
  for (const { name } of failed.filter((each) => !far.includes(each))) {
    console.error(
      `warning: ${suite}, "${name}" misses its bound by less than ${QUICK_MARGIN} times, which may be noise`,
    )
  }
  return far.length + figures.filter(({ holds }) => !holds).length
}

function widened({ atMost = Number.POSITIVE_INFINITY, atLeast = 0 }: Bounds): Bounds {
  return { atMost: atMost * QUICK_MARGIN, atLeast: atLeast / QUICK_MARGIN }
}

function compareOne(earlier: readonly SuiteResult[], after: SuiteResult): number {
  const before = earlier.find(({ suite }) => suite === after.suite)
  if (before === undefined) {
    console.log(`\n${after.suite}: no earlier result to compare with`)
    return 0
  }
  return printed(compareSuite(before, after))
}

function compareSaved(paths: readonly string[]): number {
  const [older, newer, ...more] = paths
  if (older === undefined || newer === undefined || more.length > 0) {
    throw new Error('--compare takes two results, the older first: --compare OLD NEW')
  }
  const after = readSuiteResults(newer)
  const before = readSuiteResults(older)
  for (const { suite } of before) {
    if (!after.some((each) => each.suite === suite)) console.log(`\n${suite}: only in ${older}`)
  }
  return after.reduce((sum, each) => sum + compareOne(before, each), 0) > 0 ? 1 : 0
}

function printed(change: SuiteChange): number {
  console.log(changeText(change))
  return change.changes.filter((each) => each.kind === 'compared' && each.regression).length
}

process.exitCode = await main().catch((error: Error) => {
  console.error(`${error.message}\nnpm run bench -- --help says what can be given`)
  return 2
})
