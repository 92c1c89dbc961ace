import { isMap, isScalar, type Node, Scalar } from 'yaml'
import type { SourceRange } from '../../shared/errors.ts'
import type { TextProblem } from '../../shared/rules/problem.ts'
import {
  entriesOf,
  isMissingNode,
  itemsOf,
  type PackNodes,
  parsePack,
  rangeOf,
  startOfNode,
  textEntry,
} from '../../shared/rules/read/pack-nodes.ts'
import { rangeIn, sourceOf } from '../../shared/rules/read/source.ts'
import { offsetsOfScalar } from '../../shared/rules/read/yaml-offsets.ts'
import type { Trace } from '../../shared/trace/span.ts'
import { drawnTrace } from './drawn-trace.ts'
import { readDrawing } from './notation.ts'
import type { ReportTestProblem, RuleTestProblem } from './problem.ts'

/** A text of the file and where it stands. */
export interface Placed {
  readonly text: string
  readonly range: SourceRange
}

/** One test as written. */
export interface RuleTest {
  readonly name: Placed
  readonly trace: TestTrace
  /** Exactly the rules that are to signal. */
  readonly signals: readonly Placed[]
  /** Some of the rules that are to hold, their `when` among it. */
  readonly satisfied: readonly Placed[]
  /** Some of the rules whose `when` is not to hold. */
  readonly vacuous: readonly Placed[]
}

/** A drawn trace, or the only one of a file (or that with the id). */
export type TestTrace =
  | { readonly kind: 'drawn'; readonly trace: Trace }
  | { readonly kind: 'file'; readonly file: Placed; readonly traceId: Placed | undefined }

/** A file of tests; `rules` is empty where it does not say which rules it tests. */
export interface TestFile {
  readonly rules: readonly Placed[]
  readonly tests: readonly RuleTest[]
  readonly problems: readonly RuleTestProblem[]
}

const FILE_KEYS = ['rules', 'tests']
const TEST_KEYS = ['name', 'trace', 'file', 'traceId', 'signals', 'satisfied', 'vacuous']

interface Reading {
  readonly nodes: PackNodes
  readonly report: ReportTestProblem
}

type Entries = ReadonlyMap<string, Node>

/** Reads a file of rule tests; all its problems are returned, and tests with one are left out. */
export function readTestFile(text: string): TestFile {
  const problems: RuleTestProblem[] = []
  const report: ReportTestProblem = (problem) => problems.push(problem)
  const nodes = parsePack(sourceOf(text), forTests(report))
  if (nodes === undefined) return { rules: [], tests: [], problems }
  const reading: Reading = { nodes, report }
  const entries = entriesOf(nodes, nodes.root, FILE_KEYS, forTests(report))
  const rules = textsOf(reading, entries, 'rules')
  const items = itemsOf(nodes, entries.get('tests')) ?? []
  if (items.length === 0) {
    const place = entries.get('tests') ?? nodes.root
    refuse(reading, place, 'the file holds no tests', 'write tests: and below it one item a test')
  }
  const tests = items.flatMap((item) => readTest(reading, item) ?? [])
  reportRepeatedNames(tests, report)
  return { rules, tests, problems }
}

/** What reading YAML finds is worded alike for packs of rules and files of tests. */
function forTests(report: ReportTestProblem): (problem: TextProblem) => void {
  return ({ code, ...problem }) =>
    report({ ...problem, code: code === 'malformed-yaml' ? 'malformed-yaml' : 'malformed-test' })
}

function reportRepeatedNames(tests: readonly RuleTest[], report: ReportTestProblem): void {
  const names = new Set<string>()
  for (const { name } of tests) {
    if (names.has(name.text)) {
      const hint = 'give this one another name'
      report({ code: 'malformed-test', message: 'two tests have this name', hint, range: name.range })
    }
    names.add(name.text)
  }
}

function refuse({ nodes, report }: Reading, node: Node | null, message: string, hint: string): undefined {
  report({ code: 'malformed-test', message, hint, range: rangeOf(nodes, node) })
}

/** A list of texts, or one text alone. */
function textsOf(reading: Reading, entries: Entries, key: string): readonly Placed[] {
  const node = entries.get(key)
  if (node === undefined) return []
  const items = itemsOf(reading.nodes, node) ?? [node]
  return items.flatMap((item) => {
    if (isScalar(item) && typeof item.value === 'string' && item.value.trim() !== '') {
      return [{ text: item.value, range: rangeOf(reading.nodes, item) }]
    }
    refuse(reading, item, `${key} is a list of names`, `write ${key}: [] for none`)
    return []
  })
}

function placedText({ nodes, report }: Reading, entries: Entries, key: string): Placed | undefined {
  const node = textEntry(nodes, entries, key, forTests(report))
  return node && { text: node.value, range: rangeOf(nodes, node) }
}

const MISSING_HINTS: Readonly<Record<string, string>> = {
  name: 'add name: and say what the trace is about',
  signals: 'add signals: [] if no rule is to signal',
  trace: 'add trace: | and below it a span a line',
}

function readTest(reading: Reading, item: Node): RuleTest | undefined {
  if (!isMap(item)) return refuse(reading, item, 'a test is a map', 'write name, trace and signals')
  const { nodes, report } = reading
  const entries = entriesOf(nodes, item, TEST_KEYS, forTests(report))
  const isMissingKey = (key: string) => isMissingNode(entries.get(key))
  const missing = ['name', 'trace'].filter((key) => isMissingKey(key) && (key !== 'trace' || isMissingKey('file')))
  for (const key of entries.has('signals') ? missing : [...missing, 'signals']) {
    const hint = MISSING_HINTS[key] ?? ''
    report({ code: 'malformed-test', message: `the test has no ${key}`, hint, range: startOfNode(nodes, item) })
  }
  const name = placedText(reading, entries, 'name')
  const trace = readTrace(reading, entries)
  const [signals = [], satisfied = [], vacuous = []] = ['signals', 'satisfied', 'vacuous'].map((key) =>
    textsOf(reading, entries, key),
  )
  reportContradictions(reading, [signals, satisfied, vacuous])
  return name && trace && entries.has('signals') ? { name, trace, signals, satisfied, vacuous } : undefined
}

function reportContradictions({ report }: Reading, lists: readonly (readonly Placed[])[]): void {
  const seen = new Set<string>()
  for (const { text, range } of lists.flat()) {
    if (seen.has(text)) {
      report({ code: 'malformed-test', message: `${text} is named twice`, hint: 'name it in one list, once', range })
    }
    seen.add(text)
  }
}

function readTrace(reading: Reading, entries: Entries): TestTrace | undefined {
  const drawing = textEntry(reading.nodes, entries, 'trace', forTests(reading.report))
  const file = placedText(reading, entries, 'file')
  const traceId = placedText(reading, entries, 'traceId')
  if (drawing === undefined) return file && { kind: 'file', file, traceId }
  if (file !== undefined || traceId !== undefined) {
    return refuse(reading, drawing, 'the trace is both drawn and in a file', 'write either trace: or file:')
  }
  return readDrawnTrace(reading, drawing)
}

function readDrawnTrace(reading: Reading, node: Scalar<string>): TestTrace | undefined {
  if (node.type === Scalar.BLOCK_FOLDED) {
    return refuse(reading, node, 'a folded block (>) loses its lines', 'write trace: |')
  }
  const { source } = reading.nodes
  const offsets = offsetsOfScalar(source.text, node)
  const offsetAt = (index: number) => offsets[index] ?? offsets.at(-1) ?? 0
  let problems = 0
  const roots = readDrawing(node.value, ({ start, end, ...problem }) => {
    problems += 1
    const from = offsetAt(start)
    reading.report({ ...problem, range: rangeIn(source, from, Math.max(offsetAt(end), from + 1)) })
  })
  if (problems > 0) return undefined
  if (roots.length === 0) return refuse(reading, node, 'the trace has no spans', 'draw a span a line')
  const trace = drawnTrace(roots)
  if (trace === undefined) return refuse(reading, node, 'the trace ends after the year 2262', 'make it shorter')
  return { kind: 'drawn', trace }
}
