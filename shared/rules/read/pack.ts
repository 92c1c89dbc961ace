import { isMap, isScalar, type Node, type Scalar } from 'yaml'
import type { SourceRange } from '../../errors.ts'
import type { Rule, RuleMetadata, Severity } from '../ast.ts'
import { problemAt, type ReportProblem, type TextProblem } from '../problem.ts'
import { newDefinitions, newPartBudget } from '../resolve/definitions.ts'
import type { PartBudget } from '../resolve/reading.ts'
import { alertOf, groupOf } from './alert.ts'
import { checkName, modeOf, severityOf, tagsOf } from './header.ts'
import {
  entriesOf,
  isMissingNode,
  itemsOf,
  type PackNodes,
  parsingPack,
  rangeOf,
  startOfNode,
  textEntry,
} from './pack-nodes.ts'
import { NO_DEFINITIONS, type ParsedBody, parseBody } from './parse.ts'
import { MAX_RULE_BYTES, type OpenFile, type ReadFile, type ReadRule, readAll } from './rule-file.ts'
import { sourceOf } from './source.ts'
import { finished } from './stepwise.ts'
import { waitOf } from './wait.ts'
import { offsetsOfScalar } from './yaml-offsets.ts'

const RULE_KEYS = [
  'id',
  'name',
  'description',
  'severity',
  'condition',
  'tags',
  'runbook',
  'owner',
  'mode',
  'wait',
  'group',
  'alert',
]
const REQUIRED_KEYS = ['id', 'severity', 'condition']

/**
 * Takes a YAML pack apart, `rules: [{id, severity, condition, …}]`, in steps; `budget` is what definitions may add to the
 * whole set.
 */
export function* openingPack(text: string, budget: PartBudget): Generator<void, OpenFile> {
  const problems: TextProblem[] = []
  const report = (problem: TextProblem) => problems.push(problem)
  const nodes = yield* parsingPack(sourceOf(text), report)
  const items = nodes === undefined ? [] : itemsIn(nodes, report)
  return {
    outside: { conditions: [], problems },
    rules: items.map((item) => ({
      named: () => readNamed(nodes as PackNodes, item),
      read: () => ({ rule: readItem(nodes as PackNodes, item, budget), definitions: NO_DEFINITIONS }),
    })),
  }
}

/** Reads a YAML pack; a rule with problems never stops the others. */
export function readPack(text: string): ReadFile {
  return readAll(finished(openingPack(text, newPartBudget())))
}

function readNamed(nodes: PackNodes, item: Node): Pick<ReadRule, 'name' | 'nameRange'> {
  const id = isMap(item)
    ? textEntry(
        nodes,
        entriesOf(nodes, item, RULE_KEYS, () => {}),
        'id',
        () => {},
      )
    : undefined
  return { name: id?.value, nameRange: id === undefined ? startOfNode(nodes, item) : rangeOf(nodes, id) }
}

function itemsIn(nodes: PackNodes, report: ReportProblem): readonly Node[] {
  const list = entriesOf(nodes, nodes.root, ['rules'], report).get('rules')
  const items = itemsOf(nodes, list)
  if (items === undefined) {
    const hint = 'write rules: and below it one item a rule'
    report(problemAt(rangeOf(nodes, list), 'malformed-pack', 'a pack is a list of rules', hint))
    return []
  }
  if (items.length === 0) {
    const hint = 'add a rule with id, severity and condition'
    report(problemAt(rangeOf(nodes, list), 'malformed-pack', 'the pack holds no rules', hint))
  }
  return items
}

function readItem(nodes: PackNodes, item: Node, budget: PartBudget): ReadRule {
  const problems: TextProblem[] = []
  const report = (problem: TextProblem) => problems.push(problem)
  if (!isMap(item)) {
    const nameRange = rangeOf(nodes, item)
    report(problemAt(nameRange, 'malformed-pack', 'a rule is a map', 'write id, severity and condition'))
    return { name: undefined, nameRange, rule: undefined, conditions: [], problems }
  }
  const entries = entriesOf(nodes, item, RULE_KEYS, report)
  reportMissingKeys(nodes, item, entries, report)
  const id = textEntry(nodes, entries, 'id', report)
  const nameRange = id === undefined ? startOfNode(nodes, item) : rangeOf(nodes, id)
  const nameProblem = id && checkName(id.value, nameRange)
  if (nameProblem !== undefined) report(nameProblem)
  const name = nameProblem === undefined ? id?.value : undefined
  const severity = readSeverity(nodes, entries, report)
  const metadata = readMetadata(nodes, entries, report)
  const condition = textEntry(nodes, entries, 'condition', report)
  const { body, conditions } = condition === undefined ? NOTHING : readCondition(nodes, condition, budget, report)
  const rule: Rule | undefined = body && {
    name: name ?? 'UNNAMED',
    nameRange,
    severity: severity ?? 'info',
    metadata,
    body,
    text: condition?.value.trim() ?? '',
    range: rangeOf(nodes, item),
  }
  return { name, nameRange, rule, conditions, problems }
}

function reportMissingKeys(
  nodes: PackNodes,
  item: Node,
  entries: ReadonlyMap<string, Node>,
  report: ReportProblem,
): void {
  const missing = REQUIRED_KEYS.filter((key) => isMissingNode(entries.get(key)))
  if (missing.length === 0) return
  const hint = `add ${missing.map((key) => `${key}: …`).join(', ')}`
  report(problemAt(startOfNode(nodes, item), 'malformed-pack', `the rule has no ${missing.join(', no ')}`, hint))
}

function readSeverity(
  nodes: PackNodes,
  entries: ReadonlyMap<string, Node>,
  report: ReportProblem,
): Severity | undefined {
  const node = textEntry(nodes, entries, 'severity', report)
  if (node === undefined) return undefined
  const known = severityOf(node.value, rangeOf(nodes, node))
  if ('severity' in known) return known.severity
  report(known)
  return undefined
}

function readMetadata(nodes: PackNodes, entries: ReadonlyMap<string, Node>, report: ReportProblem): RuleMetadata {
  const written = (key: string) => textEntry(nodes, entries, key, report)?.value.trim()
  const description = [written('name'), written('description')].filter((part) => part !== undefined)
  const runbook = written('runbook')
  const owner = written('owner')
  const mode = textEntry(nodes, entries, 'mode', report)
  const read = <Value>(
    key: string,
    reader: (value: string, at: SourceRange, to: ReportProblem) => Value | undefined,
  ) => {
    const node = textEntry(nodes, entries, key, report)
    return node && reader(node.value.trim(), rangeOf(nodes, node), report)
  }
  const waitMs = read('wait', waitOf)
  const group = read('group', groupOf)
  const alert = read('alert', alertOf)
  return {
    ...(description.length > 0 && { description: description.join(': ') }),
    ...(runbook !== undefined && { runbook }),
    ...(owner !== undefined && { owner }),
    tags: readTags(nodes, entries.get('tags'), report),
    mode: mode === undefined ? 'live' : modeOf(mode.value, rangeOf(nodes, mode), report),
    ...(waitMs !== undefined && { waitMs }),
    ...(group !== undefined && { group }),
    ...(alert !== undefined && { alert }),
  }
}

function readTags(nodes: PackNodes, node: Node | undefined, report: ReportProblem): readonly string[] {
  if (node === undefined || isMissingNode(node)) return []
  if (isScalar(node) && typeof node.value === 'string') return tagsOf(node.value)
  const items = itemsOf(nodes, node) ?? [node]
  const tags = items.flatMap((item) => (isScalar(item) && !isMissingNode(item) ? [String(item.value)] : []))
  if (tags.length === items.length) return tags
  const hint = 'write tags: [payments, soc2:cc6.1]'
  report(problemAt(rangeOf(nodes, node), 'malformed-pack', 'tags are a list of words', hint))
  return []
}

type ReadCondition = Pick<ParsedBody, 'body' | 'conditions'>

const NOTHING: ReadCondition = { body: undefined, conditions: [] }

/** In a pack, definitions belong to the condition that contains them. */
function readCondition(
  nodes: PackNodes,
  node: Scalar<string>,
  budget: PartBudget,
  report: ReportProblem,
): ReadCondition {
  if (Buffer.byteLength(node.value) > MAX_RULE_BYTES) {
    const hint = 'split it into several rules'
    report(problemAt(rangeOf(nodes, node), 'rule-too-long', 'a rule holds at most 64 KiB', hint))
    return NOTHING
  }
  const offsets = offsetsOfScalar(nodes.source.text, node)
  const last = offsets.at(-1) ?? 0
  const parsed = parseBody(
    node.value,
    (offset) => nodes.source.positionAt(offsets[offset] ?? last),
    newDefinitions(budget),
  )
  for (const problem of [...parsed.definitions.problems, ...parsed.problems]) report(problem)
  return { body: parsed.body, conditions: [...parsed.definitions.conditions, ...parsed.conditions] }
}
