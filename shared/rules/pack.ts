import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
  type YAMLParseError,
  type YAMLWarning,
} from 'yaml'
import type { SourceRange } from '../errors.ts'
import type { Rule, RuleMetadata } from './ast.ts'
import { checkName, modeOf, severityOf, tagsOf } from './header.ts'
import { type ParsedBody, parseBody } from './parse.ts'
import type { RuleProblemCode, TextProblem } from './problem.ts'
import { type ReadFile, type ReadRule, RULE_BYTES_LIMIT } from './rule-file.ts'
import { rangeIn, type Source, sourceOf } from './source.ts'
import { nearest } from './suggest.ts'
import { offsetsOfScalar } from './yaml-offsets.ts'

const RULE_KEYS = ['id', 'name', 'description', 'severity', 'condition', 'tags', 'runbook', 'owner', 'mode'] as const
type RuleKey = (typeof RULE_KEYS)[number]

/** One pack being read. Nodes are looked at one by one and aliases resolved singly, so no alias can multiply the work. */
interface PackReading {
  readonly source: Source
  readonly document: Document
}

/** Reads a YAML pack, `rules: [{id, severity, condition, …}]`; a rule with problems never stops the others. */
export function readPack(text: string): ReadFile {
  const source = sourceOf(text)
  try {
    const document = parseDocument(source.text, { prettyErrors: false, logLevel: 'error', stringKeys: true })
    const problems = [...document.errors, ...document.warnings].map((error) => yamlProblem(source, error))
    return document.errors.length > 0 ? { rules: [], problems } : readRules({ source, document }, problems)
  } catch (thrown) {
    if (thrown instanceof RangeError) return { rules: [], problems: [tooDeep(rangeIn(source, 0, 1))] }
    throw thrown
  }
}

function yamlProblem(source: Source, { message, pos: [start, end] }: YAMLParseError | YAMLWarning): TextProblem {
  const range = rangeIn(source, start, Math.max(end, start + 1))
  if (/stack/i.test(message)) return tooDeep(range)
  return problemAt(range, 'malformed-yaml', message, 'mend the YAML; text that holds ": " or " #" needs quotes')
}

function tooDeep(range: SourceRange): TextProblem {
  return problemAt(range, 'malformed-yaml', 'this YAML nests too deep', 'write rules: and below it one item a rule')
}

function problemAt(range: SourceRange, code: RuleProblemCode, message: string, hint: string): TextProblem {
  return { code, message, hint, range }
}

function readRules(reading: PackReading, problems: TextProblem[]): ReadFile {
  const report = (problem: TextProblem) => problems.push(problem)
  const root = reading.document.contents
  const start = rangeIn(reading.source, 0, 1)
  const entries = isMap(root)
    ? entriesOf(reading, root as YAMLMap<Node, Node>, ['rules'], report)
    : new Map<string, Node>()
  const rules = entries.get('rules')
  if (!isSeq(rules)) {
    const range = rules === undefined ? start : rangeOf(reading, rules)
    report(problemAt(range, 'malformed-pack', 'a pack is a list of rules', 'write rules: and below it one item a rule'))
    return { rules: [], problems }
  }
  if (rules.items.length === 0) {
    report(
      problemAt(
        rangeOf(reading, rules),
        'malformed-pack',
        'the pack holds no rules',
        'add a rule with id, severity and condition',
      ),
    )
  }
  return { rules: rules.items.map((item) => readRule(reading, resolved(reading, item as Node))), problems }
}

function resolved(reading: PackReading, node: Node): Node {
  return (isAlias(node) ? node.resolve(reading.document) : node) ?? node
}

function rangeOf({ source }: PackReading, node: Node | null): SourceRange {
  const [start, end] = node?.range ?? [0, 1]
  return rangeIn(source, start, Math.max(end, start + 1))
}

/** The values of a map by key; reports keys that are not known there. */
function entriesOf(
  reading: PackReading,
  map: YAMLMap<Node, Node>,
  known: readonly string[],
  report: (problem: TextProblem) => void,
): ReadonlyMap<string, Node> {
  const entries = new Map<string, Node>()
  for (const { key, value } of map.items as readonly Pair<Node, Node | null>[]) {
    const name = isScalar(key) ? String(key.value) : ''
    if (known.includes(name)) {
      if (value !== null) entries.set(name, resolved(reading, value))
      continue
    }
    const meant = nearest(name, known)
    const hint = meant === undefined ? `use only ${known.join(', ')}` : `did you mean "${meant}"?`
    report(problemAt(rangeOf(reading, key), 'malformed-pack', `"${name}" is not a key here`, hint))
  }
  return entries
}

function readRule(reading: PackReading, item: Node): ReadRule {
  const problems: TextProblem[] = []
  const report = (problem: TextProblem) => problems.push(problem)
  const itemRange = rangeOf(reading, item)
  if (!isMap(item)) {
    report(problemAt(itemRange, 'malformed-pack', 'a rule is a map', 'write id, severity and condition'))
    return { name: undefined, nameRange: itemRange, rule: undefined, conditions: [], problems }
  }
  const entries = entriesOf(reading, item as YAMLMap<Node, Node>, RULE_KEYS, report)
  const textOf = (key: RuleKey, required: boolean) => textNode(reading, itemRange, entries, key, required, report)
  const id = textOf('id', true)
  const nameRange = id === undefined ? headOf(reading, item) : rangeOf(reading, id)
  const nameProblem = id && checkName(id.value, nameRange)
  if (nameProblem !== undefined) report(nameProblem)
  const name = nameProblem === undefined ? id?.value : undefined
  const severityNode = textOf('severity', true)
  const severity = severityNode && severityOf(severityNode.value, rangeOf(reading, severityNode))
  if (severity !== undefined && 'code' in severity) report(severity)
  const metadata = readPackMetadata(reading, entries, textOf, report)
  const condition = textOf('condition', true)
  const { body, conditions } = condition ? readCondition(reading, condition, report) : NOTHING
  const rule: Rule | undefined = body &&
    condition && {
      name: name ?? 'UNNAMED',
      nameRange,
      severity: severity !== undefined && 'severity' in severity ? severity.severity : 'info',
      metadata,
      body,
      text: condition.value.trim(),
      range: itemRange,
    }
  return { name, nameRange, rule, conditions, problems }
}

/** The first characters of an item, where something is missing in it. */
function headOf({ source }: PackReading, item: Node): SourceRange {
  const [start] = item.range ?? [0]
  return rangeIn(source, start, start + 1)
}

function textNode(
  reading: PackReading,
  itemRange: SourceRange,
  entries: ReadonlyMap<string, Node>,
  key: RuleKey,
  required: boolean,
  report: (problem: TextProblem) => void,
): Scalar<string> | undefined {
  const node = entries.get(key)
  if (isScalar(node) && typeof node.value === 'string' && node.value.trim() !== '') return node as Scalar<string>
  const missing = node === undefined || (isScalar(node) && (node.value === null || node.value === ''))
  if (missing && required) {
    const range = {
      start: itemRange.start,
      end: { ...itemRange.start, column: itemRange.start.column + 1, offset: itemRange.start.offset + 1 },
    }
    report(problemAt(range, 'malformed-pack', `the rule has no ${key}`, `add ${key}: …`))
  } else if (!missing) {
    report(problemAt(rangeOf(reading, node), 'malformed-pack', `${key} is text`, 'put it in quotes'))
  }
  return undefined
}

function readPackMetadata(
  reading: PackReading,
  entries: ReadonlyMap<string, Node>,
  textOf: (key: RuleKey, required: boolean) => Scalar<string> | undefined,
  report: (problem: TextProblem) => void,
): RuleMetadata {
  const description = [textOf('name', false), textOf('description', false)].flatMap((node) => node?.value.trim() ?? [])
  const runbook = textOf('runbook', false)?.value
  const owner = textOf('owner', false)?.value
  const mode = textOf('mode', false)
  return {
    ...(description.length > 0 && { description: description.join(': ') }),
    ...(runbook !== undefined && { runbook }),
    ...(owner !== undefined && { owner }),
    tags: readTags(reading, entries.get('tags'), report),
    mode: mode === undefined ? 'live' : modeOf(mode.value, rangeOf(reading, mode), report),
  }
}

function readTags(
  reading: PackReading,
  node: Node | undefined,
  report: (problem: TextProblem) => void,
): readonly string[] {
  if (node === undefined) return []
  if (isScalar(node) && typeof node.value === 'string') return tagsOf(node.value)
  if (isSeq(node)) {
    const tags = node.items.map((item) => resolved(reading, item as Node))
    const texts = tags.flatMap((tag) => (isScalar(tag) && typeof tag.value !== 'object' ? [String(tag.value)] : []))
    if (texts.length === tags.length) return texts
  }
  report(
    problemAt(
      rangeOf(reading, node),
      'malformed-pack',
      'tags are a list of words',
      'write tags: [payments, soc2:cc6.1]',
    ),
  )
  return []
}

const NOTHING: Omit<ParsedBody, 'problems'> = { body: undefined, conditions: [] }

function readCondition(
  reading: PackReading,
  node: Scalar<string>,
  report: (problem: TextProblem) => void,
): Omit<ParsedBody, 'problems'> {
  if (Buffer.byteLength(node.value) > RULE_BYTES_LIMIT) {
    report(
      problemAt(rangeOf(reading, node), 'rule-too-long', 'a rule holds at most 64 KiB', 'split it into several rules'),
    )
    return NOTHING
  }
  const offsets = offsetsOfScalar(reading.source.text, node)
  const last = offsets.at(-1) ?? 0
  const parsed = parseBody(node.value, (offset) => reading.source.positionAt(offsets[offset] ?? last))
  for (const problem of parsed.problems) report(problem)
  return parsed
}
