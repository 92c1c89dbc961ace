import type { SourcePosition, SourceRange } from '../../errors.ts'
import type { Filter, Rule } from '../../rules/ast.ts'
import { checkRead } from '../../rules/check/check.ts'
import { type ParsedBody, parseBody } from '../../rules/read/parse.ts'
import { type MatcherProblem, reportUnanswerable } from './check-matcher.ts'
import { compileMatcher, type Matcher } from './matcher.ts'

/** The text of a matcher, and the place in its file of each of its characters. */
export interface MatcherSource {
  readonly text: string
  positionAt(offset: number): SourcePosition
}

/** A matcher that can be used, or all that is wrong with it. */
export interface ReadMatcher {
  readonly matcher: Matcher | undefined
  readonly problems: readonly MatcherProblem[]
}

/** Far above what a person writes by hand. */
const MAX_MATCHER_LENGTH = 4096

/** A matcher is read as the filter of this; the line end keeps a comment from taking the bracket away. */
const BEFORE = 'any.where('
const AFTER = '\n)'

/** Reads a matcher as the filter of a rule is read, and says in the same words what is wrong with it. Never throws. */
export function readMatcher(source: MatcherSource): ReadMatcher {
  const whole = wholeOf(source)
  const problem = (code: MatcherProblem['code'], message: string, hint: string): ReadMatcher => {
    return { matcher: undefined, problems: [{ code, message, hint, range: whole }] }
  }
  if (source.text.trim() === '') {
    return problem('missing-condition', 'the matcher is empty', 'write one, such as severity == critical')
  }
  if (source.text.length > MAX_MATCHER_LENGTH) {
    return problem('rule-too-long', 'a matcher holds at most 4,096 characters', 'split it into several')
  }
  const parsed = parseBody(BEFORE + source.text + AFTER, (offset) => positionIn(source, offset))
  const filter = filterOf(parsed)
  const problems: MatcherProblem[] = [...problemsOf(parsed, whole)]
  if (problems.length === 0 && filter === undefined) {
    return problem('unexpected-text', 'a matcher is one condition', 'balance its brackets')
  }
  if (filter !== undefined) reportUnanswerable(filter, (found) => problems.push(found))
  problems.sort((left, right) => left.range.start.offset - right.range.start.offset)
  return {
    matcher: filter === undefined || problems.length > 0 ? undefined : compileMatcher(source.text.trim(), filter),
    problems,
  }
}

function positionIn(source: MatcherSource, offset: number): SourcePosition {
  return source.positionAt(Math.min(Math.max(offset - BEFORE.length, 0), source.text.length))
}

function wholeOf(source: MatcherSource): SourceRange {
  return { start: source.positionAt(0), end: source.positionAt(source.text.length) }
}

/** The filter that was written; undefined where its brackets close ours, so that more than a filter was read. */
function filterOf({ body, definitions }: ParsedBody): Filter | undefined {
  if (body?.kind !== 'pattern' || body.condition.kind !== 'has' || definitions.conditions.length > 0) return undefined
  const { name, filters, events = [] } = body.condition.selector
  const [filter, ...more] = filters
  return name.kind === 'any' && more.length + events.length === 0 ? filter : undefined
}

/** What is wrong with it as part of a rule. */
function problemsOf(parsed: ParsedBody, range: SourceRange): readonly MatcherProblem[] {
  const rule: Rule | undefined = parsed.body && ruleOf(parsed.body, range)
  const { conditions, problems } = parsed
  const read = { name: undefined, nameRange: range, rule, conditions, problems }
  const outside = parsed.definitions.problems
  return checkRead([{ file: '', read: { rules: [read], problems: outside, defined: [] } }]).problems.map(
    ({ code, message, hint, range }) => ({ code, message, range, ...(hint !== undefined && { hint }) }),
  )
}

function ruleOf(body: NonNullable<ParsedBody['body']>, range: SourceRange): Rule {
  return {
    name: 'MATCHER',
    nameRange: range,
    severity: 'info',
    metadata: { tags: [], mode: 'live' },
    body,
    text: '',
    range,
  }
}
