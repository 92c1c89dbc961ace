import type { SourceRange } from '../errors.ts'
import type { Rule } from './ast.ts'
import { type Header, type Line, readHeader, readMetadata, setsMode } from './header.ts'
import { type ParsedBody, parseBody } from './parse.ts'
import type { RuleProblemCode, TextProblem } from './problem.ts'
import { isBlankOrComment, type Section, sectionsOf } from './sections.ts'
import { rangeIn, type Source, sourceOf } from './source.ts'

/** Bytes of UTF-8 from a rule's header to its last visible character. */
export const RULE_BYTES_LIMIT = 65_536

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
}

/** Reads a `*.rules` file; a rule with problems never stops the others. */
export function readRuleFile(text: string): ReadFile {
  const source = sourceOf(text)
  const { preamble, sections } = sectionsOf(source)
  const stray = preamble.find((line) => !isBlankOrComment(source.text.slice(line.start, line.end)))
  return {
    rules: sections.map((section) => readSection(source, section)),
    problems: stray === undefined ? [] : [strayProblem(source, stray)],
  }
}

function strayProblem(source: Source, line: Line): TextProblem {
  const range = visibleRange(source, line)
  const definition = /^\s*(let\s+\$|define\s+\w)/.exec(source.text.slice(line.start, line.end))
  if (definition !== null) {
    const message = `"${definition[1]?.split(/\s/)[0]}" is not judged by this version yet`
    return { code: 'unsupported-feature', message, hint: 'write the value or condition where it is used', range }
  }
  return {
    code: 'condition-before-header',
    message: 'no rule has begun here',
    hint: 'write // Signal: NAME (severity) on the line before the condition',
    range,
  }
}

function visibleRange(source: Source, line: Line) {
  const text = source.text.slice(line.start, line.end)
  const indent = text.length - text.trimStart().length
  return rangeIn(source, line.start + indent, line.start + Math.max(text.trimEnd().length, indent + 1))
}

function readSection(source: Source, section: Section): ReadRule {
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
    return { name: header.name, nameRange: header.nameRange, rule: undefined, conditions: [], problems }
  }
  if (Buffer.byteLength(source.text.slice(section.header.start, start + text.length)) > RULE_BYTES_LIMIT) {
    problem('rule-too-long', 'a rule holds at most 64 KiB', 'split it into several rules')
    return { name: header.name, nameRange: header.nameRange, rule: undefined, conditions: [], problems }
  }
  for (const line of section.body.filter(({ start, end }) => setsMode(source.text.slice(start, end)))) {
    const hint = 'move the line up, to just below the header'
    report({
      code: 'malformed-metadata',
      message: 'Mode stands before the condition',
      hint,
      range: visibleRange(source, line),
    })
  }
  const { body, conditions, problems: found } = parseBody(text, (offset) => source.positionAt(start + offset))
  problems.push(...found)
  const end = start + text.length
  const rule = body && {
    ...nameOf(header),
    metadata,
    body,
    text: text.trim(),
    range: rangeIn(source, section.header.start, end),
  }
  return { name: header.name, nameRange: header.nameRange, rule, conditions, problems }
}

/** A header with problems still gets a name, so that the rest of its rule can be checked; such a rule is never used. */
function nameOf(header: Header): Pick<Rule, 'name' | 'nameRange' | 'severity'> {
  return { name: header.name ?? 'UNNAMED', nameRange: header.nameRange, severity: header.severity ?? 'info' }
}
