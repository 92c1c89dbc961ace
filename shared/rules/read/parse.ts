import { parse } from '../../../grammar/generated/rule-parser.js'
import type { SourcePosition, SourceRange } from '../../errors.ts'
import type { Condition, Invariant, Pattern } from '../ast.ts'
import { inOrder, type TextProblem } from '../problem.ts'
import { resolveBody } from '../resolve/body.ts'
import { newDefinitions } from '../resolve/definitions.ts'
import { newNames } from '../resolve/names.ts'
import type { Definitions, Reading } from '../resolve/reading.ts'
import type { SyntaxBody, TextRange, TooDeep } from '../resolve/syntax.ts'

/** A rule's body as read; with problems it is partial or missing. */
export interface ParsedBody {
  readonly body: Pattern | Invariant | undefined
  /** What could be read of its conditions, where more problems can be looked for. */
  readonly conditions: readonly Condition[]
  readonly problems: readonly TextProblem[]
  /** The definitions before and after the condition. */
  readonly definitions: ReadDefinitions
}

/** What was found in definitions, to be checked once however many rules use them. */
export interface ReadDefinitions {
  readonly conditions: readonly Condition[]
  readonly problems: readonly TextProblem[]
}

/**
 * Reads a rule's body: a pattern or a when/always/never rule. `positionAt` gives the place of an offset of `text` in its
 * file; `definitions` are those of the file so far, to which its own are added. Never throws for bad input: all problems
 * are returned, in the order of the text.
 */
export function parseBody(
  text: string,
  positionAt: (offset: number) => SourcePosition,
  definitions: Definitions = newDefinitions(),
): ParsedBody {
  const problems: TextProblem[] = []
  const rangeOf = (span: TextRange): SourceRange => ({ start: positionAt(span.start), end: positionAt(span.end) })
  const body = text.trimEnd()
  const syntax = parseSyntax(body)
  if (syntax.kind === 'tooDeep') {
    const hint = 'take apart the condition, or remove brackets that change nothing'
    problems.push({
      code: 'nesting-too-deep',
      message: 'brackets and "not" nest at most 64 levels deep',
      hint,
      range: rangeOf(syntax),
    })
    return { body: undefined, conditions: [], problems, definitions: NO_DEFINITIONS }
  }
  const reading: Reading = {
    text: body,
    definitions,
    expanded: 0,
    names: newNames(body, syntax.kind === 'pattern' ? syntax.condition : syntax.blocks),
    rangeOf,
    report: (problem) => problems.push(problem),
  }
  const outside: TextProblem[] = []
  const { defined, ...resolved } = resolveBody(reading, syntax, {
    ...reading,
    report: (problem) => outside.push(problem),
  })
  return { ...resolved, problems: inOrder(problems), definitions: { conditions: defined, problems: inOrder(outside) } }
}

export const NO_DEFINITIONS: ReadDefinitions = { conditions: [], problems: [] }

const parseNext = newParser()

/** Makes a parser for any number of bodies, one after the other. */
function newParser(): (text: string) => SyntaxBody {
  let made: ((text: string) => SyntaxBody) | undefined
  parse('', {
    onParser: (parser: (text: string) => SyntaxBody) => {
      made = parser
    },
  })
  if (made === undefined) throw new Error('the generated parser is older than the grammar: run npm run prepare')
  return made
}

/** The syntax of a rule's body, before words have a meaning; any text has one unless it nests too deep. */
export function parseSyntax(text: string): SyntaxBody | TooDeep {
  try {
    return parseNext(text)
  } catch (thrown) {
    if ((thrown as Partial<TooDeep>).kind === 'tooDeep') return thrown as TooDeep
    throw thrown
  }
}
