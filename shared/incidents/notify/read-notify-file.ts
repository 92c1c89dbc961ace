import type { Node } from 'yaml'
import { isMap, isScalar } from 'yaml'
import type { Clock } from '../../pipeline/ports.ts'
import { MAX_PROBLEMS } from '../../rules/problem.ts'
import { entriesOf, parsePack } from '../../rules/read/pack-nodes.ts'
import { rangeIn, type Source, sourceOf } from '../../rules/read/source.ts'
import type { Receiver } from '../receivers/receiver.ts'
import type { NotifyConfig } from './config.ts'
import { forNotify, type NotifyFile, type NotifyProblem, refuse } from './problem.ts'
import { readLinks } from './read-links.ts'
import { readMutes } from './read-mutes.ts'
import { openReceiver, type WrittenReceiver, writtenReceivers } from './read-receivers.ts'
import { type KnownReceivers, readRoutes } from './read-routes.ts'
import { type References, type Resolved, referencesIn, resolveReferences } from './references.ts'
import { nodesBelow, textsIn } from './settings.ts'
import { type NotifyWarning, warningsAbout } from './warnings.ts'
import { withoutSecrets, writtenSecrets } from './written-secrets.ts'

/** What a file says. */
export interface NotifyParts extends NotifyConfig {
  /** Also those that are not among the `receivers`, since their settings have problems or were not looked up. */
  readonly receiverNames: readonly string[]
}

/** What became of a file. */
export interface NotifyReading {
  /** Only without problems, and where all values were looked up. */
  readonly config: NotifyConfig | undefined
  /** What could be read in spite of problems; undefined where the text is not such a file at all. */
  readonly parts: NotifyParts | undefined
  /** By place. */
  readonly problems: readonly NotifyProblem[]
  /** What is probably not meant, by place. */
  readonly warnings: readonly NotifyWarning[]
  /** The text to show problems in: secrets in it are stars. */
  readonly text: string
  /** What references stood for: no output repeats these values. */
  readonly secrets: readonly string[]
}

/** What is outside of the file. */
export interface NotifyContext {
  /** Undefined: nothing is looked up, as on a machine that checks a file and has no secrets. */
  readonly references: References | undefined
  readonly clock: Clock
}

const KEYS = ['version', 'links', 'receivers', 'routes', 'mutes']
const MAX_BYTES = 1024 * 1024
/** In all routes or mutes, aliases followed. */
const MAX_NODES = 100_000

/**
 * Reads a file of receivers, routes and mutes. All its problems are returned, each with its place; never throws for what
 * is written. References are looked up, in the values of receivers alone, after YAML was read: no value can add a key.
 */
export async function readNotifyFile(text: string, context: NotifyContext): Promise<NotifyReading> {
  const source = sourceOf(text)
  const problems: NotifyProblem[] = [...writtenSecrets(source)]
  const report = (problem: NotifyProblem) => problems.push(problem)
  const read = Buffer.byteLength(text) > MAX_BYTES ? tooLong(source, report) : await readNodes(source, report, context)
  const found = firstOf(inPlace(problems))
  return {
    config: found.length === 0 && read?.isWhole === true ? read.parts : undefined,
    parts: read?.parts,
    problems: found,
    warnings: read?.warnings ?? [],
    text: withoutSecrets(source.text, problems),
    secrets: [...(read?.resolved.values() ?? [])],
  }
}

function tooLong(source: Source, report: (problem: NotifyProblem) => void): undefined {
  const range = rangeIn(source, 0, 1)
  report({ code: 'malformed-notify', message: 'the file is larger than 1 MiB', hint: 'is it another file?', range })
}

interface Read {
  readonly parts: NotifyParts
  readonly isWhole: boolean
  readonly warnings: readonly NotifyWarning[]
  readonly resolved: Resolved
}

async function readNodes(
  source: Source,
  report: (problem: NotifyProblem) => void,
  { references, clock }: NotifyContext,
): Promise<Read | undefined> {
  const nodes = parsePack(source, forNotify(explainingBraces(source, report)))
  if (nodes === undefined) return undefined
  const file: NotifyFile = { nodes, report }
  const { root } = nodes
  if (root === null || !isMap(root)) {
    const hint = 'write version: 1 and receivers:'
    return refuse(file, root, 'malformed-notify', 'the file is a map', hint)
  }
  const entries = entriesOf(nodes, root, KEYS, forNotify(report))
  reportVersion(file, entries.get('version'))
  reportStrayReferences(file, entries)
  const written = writtenReceivers(file, entries.get('receivers'))
  const texts = written.flatMap((receiver) => receiver.texts)
  const resolved = await resolveReferences(file, texts, references)
  const opened = new Map(written.map((receiver) => [receiver.name, opening(file, receiver, resolved, clock)] as const))
  const known: KnownReceivers = new Map([...opened].map(([name, receiver]) => [name, receiver?.traits]))
  const routes = readRoutes(file, entries.get('routes'), known)
  const mutes = readMutes(file, entries.get('mutes'), clock())
  const receivers = new Map([...opened].flatMap(([name, receiver]) => (receiver ? [[name, receiver] as const] : [])))
  const receiverNames = [...opened.keys()]
  const parts = { receivers, receiverNames, routes, mutes, traceLink: readLinks(file, entries.get('links')) }
  const isWhole = receivers.size === receiverNames.length
  return { parts, isWhole, warnings: warningsAbout({ receivers: written, routes, mutes }, clock()), resolved }
}

/** Between braces or brackets YAML takes the `{` of a reference for a map, and finds several mistakes on the line. */
function explainingBraces(source: Source, report: (problem: NotifyProblem) => void): (problem: NotifyProblem) => void {
  const explained = new Set<number>()
  return (problem) => {
    const { start } = problem.range
    const [reference] = /^\{[^}\s]*\}/.exec(source.text.slice(start.offset, start.offset + 300)) ?? []
    const isReference = reference !== undefined && source.text[start.offset - 1] === '$'
    if (problem.code !== 'malformed-yaml' || !(isReference || explained.has(start.line))) report(problem)
    else if (isReference) {
      explained.add(start.line)
      const message = 'a reference between braces or brackets needs quotes'
      const range = rangeIn(source, start.offset - 1, start.offset + reference.length)
      report({
        code: 'malformed-yaml',
        message,
        hint: `put quotes around the whole value, as in "$${reference}"`,
        range,
      })
    }
  }
}

/** A receiver without all its values is not looked at: what is missing was reported. */
function opening(file: NotifyFile, receiver: WrittenReceiver, resolved: Resolved, clock: Clock): Receiver | undefined {
  const wanted = receiver.texts.flatMap((text) => referencesIn({ ...file, report: () => {} }, text))
  return wanted.every(({ written }) => resolved.has(written))
    ? openReceiver(file, receiver, resolved, clock)
    : undefined
}

function reportVersion(file: NotifyFile, node: Node | undefined): void {
  if (isScalar(node) && node.value === 1) return
  const message = node === undefined ? 'the file does not say its version' : 'this version of the file is not known'
  refuse(file, node ?? file.nodes.root, 'malformed-notify', message, 'write version: 1')
}

/** Elsewhere a reference would be taken for text. */
function reportStrayReferences(file: NotifyFile, entries: ReadonlyMap<string, Node>): void {
  for (const [key, node] of entries) {
    if (key === 'receivers') continue
    for (const scalar of textsIn(nodesBelow(file, node, MAX_NODES) ?? [])) {
      for (const { range } of referencesIn(file, scalar)) {
        const message = 'references are read in receivers alone'
        file.report({ code: 'malformed-reference', message, hint: 'write the value', range })
      }
    }
  }
}

/** By place, one at each; of a secret that was found in two ways, the first. */
function inPlace(problems: readonly NotifyProblem[]): readonly NotifyProblem[] {
  const starts = new Set<number>()
  let secretEnd = 0
  return problems
    .toSorted((left, right) => left.range.start.offset - right.range.start.offset)
    .filter(({ code, range: { start, end } }) => {
      if (starts.has(start.offset) || (code === 'written-secret' && start.offset < secretEnd)) return false
      if (code === 'written-secret') secretEnd = end.offset
      return starts.add(start.offset)
    })
}

/** The first problems, and how many more there are: nobody corrects thousands at once. */
function firstOf(problems: readonly NotifyProblem[]): readonly NotifyProblem[] {
  const next = problems[MAX_PROBLEMS]
  if (next === undefined) return problems
  const message = `${problems.length - MAX_PROBLEMS} more problems from here on`
  const hint = 'correct those above and check again'
  return [...problems.slice(0, MAX_PROBLEMS), { code: 'too-many-problems', message, hint, range: next.range }]
}
