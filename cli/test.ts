import { type Command, Option } from 'commander'
import { MAX_LISTEDS, NO_MORE } from '../shared/rules/read/listing.ts'
import { counted } from '../shared/text/numbers.ts'
import type { PlacedProblem } from '../shared/text/problem-text.ts'
import { type Finish, newCommand, withExamples } from './command.ts'
import { writeProblems } from './load-rules.ts'
import { coverageOf, putUnderTest, type RulesUnderTest } from './rule-tests/coverage.ts'
import { recordedTrace } from './rule-tests/recorded-trace.ts'
import { jsonReport } from './rule-tests/report-json.ts'
import { junitReport } from './rule-tests/report-junit.ts'
import { prettyReport } from './rule-tests/report-pretty.ts'
import { type Results, type SuiteResult, totalsOf } from './rule-tests/results.ts'
import { runTest, type TestResult } from './rule-tests/run.ts'
import { loadSuites, type Suite, type TestedRules } from './rule-tests/suite.ts'
import { type ExitCode, type Terminal, write } from './terminal.ts'

interface TestOptions {
  readonly format: 'pretty' | 'junit' | 'json'
  readonly requireCoverage: boolean
}

/** `betrace test`: judges the traces of rule tests and compares what signals with what is expected. */
export function testCommand(terminal: Terminal, finish: Finish): Command {
  const command = newCommand('test', terminal)
    .summary('test rules on drawn or recorded traces')
    .description('Runs the tests that lie beside rules (payments.test.yaml beside payments.rules).')
    .argument('<path...>', 'files of tests or rules, or folders of them')
    .addOption(
      new Option('-f, --format <format>', 'how to report').choices(['pretty', 'junit', 'json']).default('pretty'),
    )
    .option('--require-coverage', 'fail where a clause is never true or never false in any test', false)
    .action(async (paths: readonly string[], options: TestOptions) => {
      finish(await testRules(paths, options, terminal))
    })
  withExamples(command, terminal, [
    ['test all rules of a folder', 'betrace test rules/'],
    ['report to a CI server', 'betrace test --format junit --require-coverage rules/ > rules.xml'],
  ])
  return command.addHelpText(
    'after',
    '\nExit code: 0 all passed, 1 a test failed or coverage is required and missing, 2 a rule or a test cannot be read.',
  )
}

async function testRules(paths: readonly string[], options: TestOptions, terminal: Terminal): Promise<ExitCode> {
  const loaded = await loadSuites(paths)
  const under = new Map(loaded.tested.map((tested) => [tested, putUnderTest(tested)] as const))
  const found = [...loaded.problems]
  const suites: SuiteResult[] = []
  for (const suite of loaded.suites) suites.push(await runSuite(suite, under, found, loaded.roots))
  const listed = found.slice(0, MAX_LISTEDS)
  const problems = [...listed, ...lastOf(listed, found.length - listed.length + loaded.unlisted)]
  const results: Results = { suites, coverage: coverageOf([...under.values()]), problems }
  if (options.format !== 'json') await writeProblems({ items: problems, more: NO_MORE }, loaded.files, terminal.stderr)
  await write(terminal.stdout, report(results, loaded.tested, options, terminal))
  if (problems.length > 0) return 2
  const isMissing = options.requireCoverage && results.coverage.gaps.length > 0
  return totalsOf(suites).failed > 0 || isMissing ? 1 : 0
}

/** Says behind the last of some problems how many more there are; nothing where all are listed. */
function lastOf(problems: readonly PlacedProblem[], more: number): readonly PlacedProblem[] {
  const last = problems.at(-1)
  if (last === undefined || more === 0) return []
  const message = `${counted(more, 'problem')} more, not listed`
  return [{ ...last, code: 'too-many-problems', message, hint: 'correct those above and test again' }]
}

function report(results: Results, tested: readonly TestedRules[], options: TestOptions, { stdout }: Terminal): string {
  switch (options.format) {
    case 'json':
      return jsonReport(results)
    case 'junit':
      return junitReport(
        results,
        tested.map(({ source }) => source.file),
        options.requireCoverage,
      )
    case 'pretty':
      return prettyReport(results, stdout)
  }
}

async function runSuite(
  { source, tests, tested }: Suite,
  under: ReadonlyMap<TestedRules, RulesUnderTest>,
  problems: PlacedProblem[],
  roots: readonly string[],
): Promise<SuiteResult> {
  const { file } = source
  const rules = tested.map((each) => under.get(each)).filter((each) => each !== undefined)
  const results: TestResult[] = []
  for (const test of tests) {
    const trace =
      test.trace.kind === 'drawn'
        ? test.trace.trace
        : await recordedTrace(test.trace, file, roots, (problem) => problems.push({ ...problem, file }))
    if (trace !== undefined) results.push(runTest(test, trace, rules, () => performance.now()))
  }
  return { file, rules: tested.map((each) => each.source.file), tests: results }
}
