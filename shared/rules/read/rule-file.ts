import type { SourceRange } from '../../errors.ts'
import type { Condition, Rule } from '../ast.ts'
import type { RuleProblemCode, TextProblem } from '../problem.ts'
import { newDefinitions, newPartBudget } from '../resolve/definitions.ts'
import type { Definitions, PartBudget } from '../resolve/reading.ts'
import type { SyntaxBody } from '../resolve/syntax.ts'
import { type Header, type LineRange, readHeader, readMetadata, setsMode } from './header.ts'
import { NO_DEFINITIONS, type ParsedBody, parseBody, parseSyntax, type ReadDefinitions } from './parse.ts'
import { isBlankOrComment, type Section, sectionsOf } from './sections.ts'
import { rangeIn, type Source, sourceOf } from './source.ts'

/** Bytes of UTF-8 from a rule's header to its last visible character. */
export const MAX_RULE_BYTES = 65_536

/** One rule as read from a file or pack; `rule` is missing, or partial, where there are problems. */
export interface ReadRule {
  readonly name: string | undefined
  /** Where the name stands, or the header where it has none. */
  readonly nameRange: SourceRange
  readonly rule: Rule | undefined
  readonly conditions: ParsedBody['conditions']
  readonly problems: readonly TextProblem[]
}

/** All rules of one text, and the problems that belong to none of them. */
export interface ReadFile {
  readonly rules: readonly ReadRule[]
  readonly problems: readonly TextProblem[]
  /** What `define` names, where that belongs to no single rule. */
  readonly defined: readonly Condition[]
}

/** A text taken apart into rules that are not read yet: reading them takes nearly all the time. */
export interface OpenFile {
  /** What belongs to no rule. */
  readonly outside: ReadDefinitions
  /** To be read in this order, since a definition holds from its rule on. */
  readonly rules: readonly UnreadRule[]
}

export interface UnreadRule {
  named(): Pick<ReadRule, 'name' | 'nameRange'>
  read(): ReadSection
}

/** A rule, and the definitions around its condition. */
interface ReadSection {
  readonly rule: ReadRule
  readonly definitions: ReadDefinitions
}

/** Takes a `*.rules` file apart; `budget` is what definitions may add to the whole set. */
export function openRuleFile(text: string, budget: PartBudget): OpenFile {
  const source = sourceOf(text)
  const { preamble, sections } = sectionsOf(source)
  const definitions = newDefinitions(budget)
  return {
    outside: readPreamble(source, preamble, definitions),
    rules: sections.map((section) => ({
      named: () => readHeader(source, section.header, () => {}),
      read: () => readSection(source, section, definitions),
    })),
  }
}

/** Reads a `*.rules` file; a rule with problems never stops the others. */
export function readRuleFile(text: string): ReadFile {
  return readAll(openRuleFile(text, newPartBudget()))
}

/** Reads all that was taken apart. */
export function readAll({ outside, rules }: OpenFile): ReadFile {
  const read = rules.map((rule) => rule.read())
  const found = [outside, ...read.map((section) => section.definitions)]
  return {
    rules: read.map(({ rule }) => rule),
    problems: found.flatMap(({ problems }) => problems),
    defined: found.flatMap(({ conditions }) => conditions),
  }
}

/** A file that was read already, as one taken apart. */
export function openRead({ rules, problems, defined }: ReadFile): OpenFile {
  return {
    outside: { conditions: defined, problems },
    rules: rules.map((rule) => ({ named: () => rule, read: () => ({ rule, definitions: NO_DEFINITIONS }) })),
  }
}

/** The part before the first header: definitions, and nothing else but comments. */
function readPreamble(source: Source, lines: readonly LineRange[], definitions: Definitions): ReadDefinitions {
  const start = lines[0]?.start ?? 0
  const text = source.text.slice(start, lines.at(-1)?.end ?? start).trimEnd()
  if (lines.every((line) => isBlankOrComment(source.text.slice(line.start, line.end)))) return NO_DEFINITIONS
  if (isTooLong(text)) {
    const problem: TextProblem = {
      code: 'rule-too-long',
      message: 'definitions before the first rule hold at most 64 KiB',
      hint: 'move some behind the first rule',
      range: rangeIn(source, start, start + 1),
    }
    return { conditions: [], problems: [problem] }
  }
  const syntax = parseSyntax(text)
  const stray = syntax.kind === 'tooDeep' ? undefined : strayOffset(syntax)
  const line = stray === undefined ? undefined : lines.find((each) => each.end > start + stray)
  const read = parseBody(text.slice(0, stray), (offset) => source.positionAt(start + offset), definitions)
  // Without a condition after them, the definitions are all there is to read.
  const problems = [...read.definitions.problems, ...read.problems.filter(({ code }) => code !== 'missing-condition')]
  if (line === undefined) return { ...read.definitions, problems }
  return { ...read.definitions, problems: [...read.definitions.problems, strayProblem(source, line)] }
}

/** Where something other than definitions begins. */
function strayOffset({ kind, start, extra, ...body }: SyntaxBody): number | undefined {
  if (kind === 'blocks') return start
  const condition = (body as SyntaxBody & { readonly kind: 'pattern' }).condition
  if (condition.kind !== 'missing') return start
  return extra?.start
}

function strayProblem(source: Source, line: LineRange): TextProblem {
  return {
    code: 'condition-before-header',
    message: 'no rule has begun here',
    hint: 'write // Signal: NAME (severity) on the line before the condition',
    range: visibleRange(source, line),
  }
}

function visibleRange(source: Source, line: LineRange) {
  const text = source.text.slice(line.start, line.end)
  const indent = text.length - text.trimStart().length
  return rangeIn(source, line.start + indent, line.start + Math.max(text.trimEnd().length, indent + 1))
}

function readSection(source: Source, section: Section, known: Definitions): ReadSection {
  const problems: TextProblem[] = []
  const report = (problem: TextProblem) => problems.push(problem)
  const header = readHeader(source, section.header, report)
  const metadata = readMetadata(source, section.comments, report)
  const start = section.body[0]?.start ?? section.header.end
  const written = source.text.slice(start, section.body.at(-1)?.end ?? start)
  const text = written.trimEnd()
  const problem = (code: RuleProblemCode, message: string, hint: string) =>
    report({ code, message, hint, range: header.nameRange })
  if (text === '') {
    problem('missing-condition', 'the rule has no condition', 'write its condition below the header')
    return unread(header, problems)
  }
  if (isTooLong(source.text.slice(section.header.start, start + text.length))) {
    problem('rule-too-long', 'a rule holds at most 64 KiB', 'split it into several rules')
    return unread(header, problems)
  }
  const modes = text.includes('//')
    ? section.body.filter(({ start, end }) => setsMode(source.text.slice(start, end)))
    : []
  for (const line of modes) {
    const hint = 'move the line up, to just below the header'
    report({
      code: 'malformed-metadata',
      message: 'Mode comes before the condition',
      hint,
      range: visibleRange(source, line),
    })
  }
  const parsed = parseBody(text, (offset) => source.positionAt(start + offset), known)
  const { body, conditions, definitions } = parsed
  problems.push(...parsed.problems)
  const end = start + text.length
  const rule = body && {
    ...nameOf(header),
    metadata,
    body,
    text: text.trim(),
    range: rangeIn(source, section.header.start, end),
  }
  return { rule: { name: header.name, nameRange: header.nameRange, rule, conditions, problems }, definitions }
}

function isTooLong(text: string): boolean {
  // A UTF-16 unit takes at most three bytes; most rules are too short to be counted.
  return text.length * 3 > MAX_RULE_BYTES && Buffer.byteLength(text) > MAX_RULE_BYTES
}

function unread({ name, nameRange }: Header, problems: readonly TextProblem[]): ReadSection {
  return { rule: { name, nameRange, rule: undefined, conditions: [], problems }, definitions: NO_DEFINITIONS }
}

/** A header with problems still gets a name, so that the rest of its rule can be checked; such a rule is never used. */
function nameOf(header: Header): Pick<Rule, 'name' | 'nameRange' | 'severity'> {
  return { name: header.name ?? 'UNNAMED', nameRange: header.nameRange, severity: header.severity ?? 'info' }
}
