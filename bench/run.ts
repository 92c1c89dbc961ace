import { existsSync, readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { compareSuite, type SuiteChange } from './compare.ts'
import { machine, RESULTS_FOLDER, readSuiteResults, type SuiteResult, saveResult } from './machine.ts'
import { measure } from './measure.ts'
import { positive } from './options.ts'
import { groupsOf, withOwnProcesses } from './own-process.ts'
import { packFiles } from './pack-files.ts'
import { changeText, suiteText } from './print.ts'
import { cpuMs, settle } from './processor-time.ts'
import { REFERENCE } from './reference.ts'
import { writePages } from './report.ts'
import { type Effort, runHere } from './runner.ts'
import { type Bounds, type Measurement, type Size, type Suite, within } from './suite.ts'

const HELP = `Usage: npm run bench -- [SUITE…] [options]

Measures every suite, or those named, in processor time; prints a table each. Takes about ten minutes.

  --save           writes bench/results/SUITE.json, with version, commit, processor and Node
  --compare        compares with the committed results, and names what became more than 10 % slower
  --compare OLD NEW
                   compares two results, files or folders, without measuring
  --against PATH   compares with results in this file or folder
  --quick          a minute: whether every suite runs, on less data; only what misses its bound 4 times over fails
  --report         writes the figures of README.md and docs/ anew from bench/results, without measuring
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
const QUICK_MARGIN = 4

const here = new URL('.', import.meta.url)

interface Options {
  readonly effort: Effort
  readonly size: Size
}

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
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const saved = positionals.filter((each) => existsSync(each))
  if (values.compare && saved.length > 0) return compareSaved(saved)
  if (values.report) {
    console.log(`written anew: ${writePages().join(', ') || 'nothing, all pages show the committed results'}`)
    return 0
  }
  if (values.traces) {
    if (saved.length === 0) throw new Error('--traces takes files of traces')
    console.log(await packFiles(saved))
    return 0
  }
  if (values.quick && values.save) throw new Error('--quick measures too little to be saved')
  const roundMs = positive(values['round-ms'] ?? (values.quick ? '20' : '200'))
  const rounds = positive(values.rounds ?? (values.quick ? '1' : '9'))
  const options: Options = {
    effort: { rounds, roundMs, warmUpMs: values.quick ? 0 : 5 * roundMs },
    size: values.quick ? 'quick' : 'full',
  }
  const earlier =
    values.compare || values.against !== undefined ? readSuiteResults(values.against ?? RESULTS_FOLDER) : undefined
  let failed = 0
  for (const suite of await loadSuites(positionals)) {
    const result = await measureSuite(suite, options)
    console.log(suiteText(suite.name, result.measurements, result.figures ?? []))
    failed += values.quick ? missedByFar(result) : missed(result)
    if (earlier !== undefined) failed += compareOne(earlier, result)
    if (values.save) {
      const { measurements, figures } = result
      saveResult(suite.name, { effort: options.effort, measurements, ...(figures !== undefined && { figures }) })
    }
  }
  return failed > 0 ? 1 : 0
}

async function loadSuites(names: readonly string[]): Promise<readonly Suite[]> {
  const known = readdirSync(here).flatMap((file) => file.match(/^(.+)\.bench\.ts$/)?.[1] ?? [])
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Error(`no suite is named ${unknown.join(', ')}; there are ${known.join(', ')}`)
  const chosen = names.length > 0 ? names : known.sort()
  return Promise.all(chosen.map(async (name) => (await import(`./${name}.bench.ts`)).suite as Suite))
}

async function measureSuite(suite: Suite, { effort, size }: Options): Promise<SuiteResult> {
  const cases = await suite.cases(size)
  const reference = () => runHere(REFERENCE, effort, cpuMs, settle)
  const measurements: Measurement[] = []
  // Quickly, a process for each case would cost more than it measures.
  if (suite.ownProcesses && size === 'full') {
    for (const group of groupsOf(cases)) {
      const work = (running: Parameters<typeof measure>[0]) => measure(running, effort.rounds, reference())
      measurements.push(...(await withOwnProcesses(suite, group, effort, size, work)))
    }
  } else {
    const running = cases.map((of) => ({ of, runner: runHere(of, effort, cpuMs, settle) }))
    measurements.push(...(await measure(running, effort.rounds, reference())))
  }
  const figures = await suite.figures?.(size)
  const checked = figures?.map((figure) => ({ ...figure, holds: within(figure.value, figure) }))
  return { suite: suite.name, ...machine(), measurements, ...(checked !== undefined && { figures: checked }) }
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
    console.log(`\n${after.suite}: there is no earlier result to compare with`)
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
