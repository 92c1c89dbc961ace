import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import type { InputFile } from '../../local/files/input-file.ts'
import { InputError } from '../../shared/errors.ts'
import type { CheckedRule } from '../../shared/rules/ast.ts'
import type { RuleFile } from '../../shared/rules/check/check.ts'
import { checkRules } from '../../shared/rules/check/check.ts'
import { isRuleFileName, isTestFileName } from '../../shared/rules/read/read.ts'
import { nearest } from '../../shared/rules/read/suggest.ts'
import type { PlacedProblem } from '../../shared/text/problem-text.ts'
import { CommandError } from '../command-error.ts'
import { fail, filesBelow, readTextFile } from '../rule-files.ts'
import type { ReportTestProblem } from './problem.ts'
import { referencedFile, referencedRules, referenceRoots } from './references.ts'
import { type Placed, readTestFile, type TestFile } from './test-file.ts'

/** A file of rules under test. */
export interface TestedRules {
  readonly source: RuleFile
  readonly rules: readonly CheckedRule[]
}

/** One file of tests and the rules it tests. */
export interface Suite {
  readonly source: RuleFile
  readonly tests: TestFile['tests']
  readonly tested: readonly TestedRules[]
}

/** All that was found to test; with problems, some tests or rules are missing. */
export interface Suites {
  /** Where files that tests name may lie. */
  readonly roots: readonly string[]
  readonly suites: readonly Suite[]
  /** Every rule file, also those that no test names. */
  readonly tested: readonly TestedRules[]
  readonly problems: readonly PlacedProblem[]
  /** Problems that are not among these. */
  readonly unlisted: number
  /** Every file read, to show problems with their lines. */
  readonly files: readonly RuleFile[]
}

/**
 * Finds tests and rules: a file of tests with the rules that it names or that lie beside it, a file of rules with the tests beside
 * it, a folder with all of both. Nothing to test is a CommandError.
 */
export async function loadSuites(paths: readonly string[]): Promise<Suites> {
  const found = await filesBelow(paths, isRuleOrTest)
  const loading: Loading = {
    roots: await referenceRoots(paths),
    tested: new Map(),
    problems: [],
    unlisted: 0,
    files: [],
  }
  for (const input of found.filter(({ file }) => !isTestFileName(file))) await loadRuleFile(loading, input)
  const suites: Suite[] = []
  for (const input of await withTestsBeside(loading, found)) suites.push(await loadSuite(loading, input))
  if (suites.length === 0) {
    throw new CommandError(`no tests in ${paths.join(', ')}`, 'write payments.test.yaml beside payments.rules')
  }
  const { roots, problems, unlisted, files } = loading
  return { roots, suites, tested: [...loading.tested.values()], problems, unlisted, files }
}

interface Loading {
  /** Where files that tests name may lie. */
  readonly roots: readonly string[]
  /** By absolute path. */
  readonly tested: Map<string, TestedRules>
  readonly problems: PlacedProblem[]
  unlisted: number
  readonly files: RuleFile[]
}

function isRuleOrTest(name: string): boolean {
  return isRuleFileName(name) || isTestFileName(name)
}

/** The files of tests among those found, and those beside files of rules. */
async function withTestsBeside({ roots }: Loading, found: readonly InputFile[]): Promise<readonly InputFile[]> {
  const byPath = new Map(found.filter(({ file }) => isTestFileName(file)).map((input) => [resolve(input.file), input]))
  for (const { file } of found) {
    for (const beside of isRuleFileName(file) ? testFilesBeside(file) : []) {
      if (!byPath.has(resolve(beside)))
        byPath.set(resolve(beside), await referencedFile(roots, beside).catch((error) => fail(beside, error)))
    }
  }
  return [...byPath.values()]
}

async function loadRuleFile(loading: Loading, input: InputFile): Promise<TestedRules> {
  const path = resolve(input.file)
  const known = loading.tested.get(path)
  if (known !== undefined) return known
  const source = await readTextFile(input)
  const { rules, problems, more } = checkRules([source])
  const tested = { source, rules }
  loading.tested.set(path, tested)
  loading.files.push(source)
  loading.problems.push(...problems)
  loading.unlisted += more.count
  return tested
}

async function loadSuite(loading: Loading, input: InputFile): Promise<Suite> {
  const source = await readTextFile(input)
  const { file } = input
  const { rules, tests, problems } = readTestFile(source.text)
  loading.files.push(source)
  const report: ReportTestProblem = (problem) => loading.problems.push({ ...problem, file })
  for (const problem of problems) report(problem)
  const tested: TestedRules[] = []
  for (const each of await ruleFilesOf(loading, file, rules, report)) tested.push(await loadRuleFile(loading, each))
  reportUnknownRules(tests, tested, report)
  return { source, tests, tested }
}

/** The files that a test file names, else those beside it. */
async function ruleFilesOf(
  { roots }: Loading,
  file: string,
  named: readonly Placed[],
  report: ReportTestProblem,
): Promise<readonly InputFile[]> {
  const inputs: InputFile[] = []
  for (const { text, range } of named) {
    const path = fromHere(resolve(dirname(file), text))
    try {
      inputs.push(await referencedRules(roots, path))
    } catch (error) {
      report({ code: 'missing-rules', ...refusal(path, error as NodeJS.ErrnoException | InputError), range })
    }
  }
  if (named.length > 0) return inputs
  const beside = siblings(file.replace(/\.test\.ya?ml$/i, ''), ['.rules', '.yaml', '.yml'])
  if (beside.length === 0) {
    const start = { offset: 0, line: 1, column: 1 }
    const message = `no rules lie beside this file, such as ${file.replace(/\.test\.ya?ml$/i, '.rules')}`
    const hint = 'add rules: and the path of the rules it tests'
    report({ code: 'missing-rules', message, hint, range: { start, end: { ...start, offset: 1, column: 2 } } })
  }
  for (const path of beside) inputs.push(await referencedRules(roots, path).catch((error) => fail(path, error)))
  return inputs
}

/** What to say of a file that a test names and that is not read. */
function refusal(path: string, error: NodeJS.ErrnoException | InputError) {
  if (error instanceof InputError) return { message: `${path} is not read: ${error.message}`, hint: error.hint ?? '' }
  return { message: `no such file: ${path}`, hint: 'paths are relative to the file of tests' }
}

function testFilesBeside(ruleFile: string): readonly string[] {
  return siblings(ruleFile.replace(/\.(?:rules|ya?ml)$/i, ''), ['.test.yaml', '.test.yml'])
}

function siblings(stem: string, endings: readonly string[]): readonly string[] {
  return endings.map((ending) => `${stem}${ending}`).filter((path) => existsSync(path))
}

/** A path as a person would type it, unless it lies far off. */
function fromHere(path: string): string {
  const here = relative('.', path)
  return here.startsWith(join('..', '..')) ? path : here
}

function reportUnknownRules(tests: TestFile['tests'], tested: readonly TestedRules[], report: ReportTestProblem): void {
  const known = tested.flatMap(({ rules }) => rules.map(({ name }) => name))
  for (const { signals, satisfied, vacuous } of tests) {
    for (const { text, range } of [...signals, ...satisfied, ...vacuous]) {
      if (known.includes(text)) continue
      const meant = nearest(text, known)
      const hint = meant === undefined ? 'name a rule of the file under test' : `did you mean "${meant}"?`
      report({ code: 'unknown-rule', message: `no rule under test is named ${text}`, hint, range })
    }
  }
}
