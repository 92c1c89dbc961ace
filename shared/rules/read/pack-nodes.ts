import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  type Pair,
  Parser,
  type Scalar,
  visit,
  YAMLParseError,
  type YAMLWarning,
} from 'yaml'
import type { SourceRange } from '../../errors.ts'
import { problemAt, type ReportProblem, type TextProblem } from '../problem.ts'
import { rangeIn, type Source } from './source.ts'
import { finished } from './stepwise.ts'
import { nearest } from './suggest.ts'

/** A YAML text as nodes that know their place. Aliases are followed one by one, so none can multiply the work. */
export interface PackNodes {
  readonly source: Source
  readonly root: Node | null
  readonly targets: ReadonlyMap<Node, Node>
}

/** Parses YAML in one go; returns no nodes where the text is not YAML. Reports everything that is wrong with it. */
export function parsePack(source: Source, report: ReportProblem): PackNodes | undefined {
  return finished(parsingPack(source, report))
}

/** Parses YAML in steps; returns no nodes where the text is not YAML. Reports everything that is wrong with it. */
export function* parsingPack(source: Source, report: ReportProblem): Generator<void, PackNodes | undefined> {
  try {
    const document = yield* parsingDocument(source.text)
    for (const error of [...document.errors, ...document.warnings]) report(yamlProblem(source, error))
    if (document.errors.length > 0) return undefined
    return { source, root: document.contents, targets: aliasTargets(document) }
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown
    report(tooDeep(rangeIn(source, 0, 1)))
    return undefined
  }
}

/** Lexemes in one step: about a millisecond. */
const LEXEMES = 500

/** What `parseDocument` of yaml does, with pauses while it reads; nodes are then made at once, in a fifth of the time. */
function* parsingDocument(text: string): Generator<void, Document> {
  const parser = new Parser()
  const tokens: CST.Token[] = []
  let lexemes = 0
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme))
    lexemes += 1
    if (lexemes % LEXEMES === 0) yield
  }
  tokens.push(...parser.end())
  const composer = new Composer({ prettyErrors: false, logLevel: 'error', stringKeys: true })
  const [document, second] = composer.compose(tokens, true, text.length)
  if (document === undefined) throw new Error('yaml composes a document of any text')
  if (second !== undefined) {
    const [start, end] = second.range
    const message = 'a file holds one document, and another begins here'
    document.errors.push(new YAMLParseError([start, end], 'MULTIPLE_DOCS', message))
  }
  return document
}

function yamlProblem(source: Source, { message, pos: [start, end] }: YAMLParseError | YAMLWarning): TextProblem {
  const range = rangeIn(source, start, Math.max(end, start + 1))
  if (/stack/i.test(message)) return tooDeep(range)
  return problemAt(range, 'malformed-yaml', message, 'mend the YAML; text that holds ": " or " #" needs quotes')
}

function tooDeep(range: SourceRange): TextProblem {
  return problemAt(range, 'malformed-yaml', 'this YAML nests too deep', 'write rules: and below it one item a rule')
}

/** The target of each alias: the anchor of its name that was last set before it. Found in one walk of the document. */
function aliasTargets(document: Document): ReadonlyMap<Node, Node> {
  const anchors = new Map<string, Node>()
  const targets = new Map<Node, Node>()
  visit(document, {
    Alias(_key, alias: Alias) {
      const target = anchors.get(alias.source)
      if (target !== undefined) targets.set(alias, target)
    },
    Value(_key, node) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
    },
  })
  return targets
}

/** The place of a node, or the start of the text. */
export function rangeOf({ source }: PackNodes, node: Node | null | undefined): SourceRange {
  const [start, end] = node?.range ?? [0, 1]
  return rangeIn(source, start, Math.max(end, start + 1))
}

/** The first character of a node, where something is missing in it. */
export function startOfNode({ source }: PackNodes, node: Node): SourceRange {
  const [start] = node.range ?? [0]
  return rangeIn(source, start, start + 1)
}

/** The values of a map by key, empty where the node is not a map; reports keys that are not known there. */
export function entriesOf(
  nodes: PackNodes,
  map: Node | null,
  known: readonly string[],
  report: ReportProblem,
): ReadonlyMap<string, Node> {
  const entries = new Map<string, Node>()
  const pairs = isMap(map) ? (map.items as readonly Pair<Node, Node | null>[]) : []
  for (const { key, value } of pairs) {
    const name = isScalar(key) ? String(key.value) : ''
    if (!known.includes(name)) {
      const meant = nearest(name, known)
      const hint = meant === undefined ? `use only ${known.join(', ')}` : `did you mean "${meant}"?`
      report(problemAt(rangeOf(nodes, key), 'malformed-pack', `"${name}" is not a key here`, hint))
    } else if (value !== null) {
      entries.set(name, nodes.targets.get(value) ?? value)
    }
  }
  return entries
}

/** The items of a list; undefined where the node is not a list. */
export function itemsOf(nodes: PackNodes, node: Node | undefined): readonly Node[] | undefined {
  if (!isSeq(node)) return undefined
  return (node.items as readonly Node[]).map((item) => nodes.targets.get(item) ?? item)
}

export function isMissingNode(node: Node | undefined): boolean {
  return node === undefined || (isScalar(node) && (node.value === null || String(node.value).trim() === ''))
}

/** A text value; undefined where it is missing, or no text, which is reported. */
export function textEntry(
  nodes: PackNodes,
  entries: ReadonlyMap<string, Node>,
  key: string,
  report: ReportProblem,
): Scalar<string> | undefined {
  const node = entries.get(key)
  if (isMissingNode(node)) return undefined
  if (isScalar(node) && typeof node.value === 'string') return node as Scalar<string>
  report(problemAt(rangeOf(nodes, node), 'malformed-pack', `${key} is text`, 'put it in quotes'))
  return undefined
}
