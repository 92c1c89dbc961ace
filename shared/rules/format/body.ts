import type {
  ArithmeticNode,
  DefinitionNode,
  MethodNode,
  RelationNode,
  SelectorCallNode,
  SyntaxBlock,
  SyntaxBody,
  SyntaxNode,
  TextRange,
  Token,
} from '../resolve/syntax.ts'
import { group, indent, type Layout, line, newline, sequence, softLine } from './layout.ts'
import { commentFollows, commentsBeforeClose, mark, ownComments, type TokenReader, token } from './tokens.ts'

/** How a rule's body is laid out, definitions apart from its condition by an empty line. */
export function bodyLayout(reader: TokenReader, body: SyntaxBody): Layout {
  const before = definitionsLayout(reader, body.before)
  const isEmpty = body.kind === 'pattern' && body.condition.kind === 'missing'
  const condition = isEmpty ? [] : [conditionLayout(reader, body)]
  const after = definitionsLayout(reader, body.after)
  return joined([...before, ...condition, ...after], [newline, newline])
}

function definitionsLayout(reader: TokenReader, definitions: readonly DefinitionNode[]): readonly Layout[] {
  if (definitions.length === 0) return []
  return [
    joined(
      definitions.map((definition) => definitionLayout(reader, definition)),
      [newline],
    ),
  ]
}

function definitionLayout(reader: TokenReader, definition: DefinitionNode): Layout {
  const above = ownComments(reader, definition.start)
  const start = [definition.keyword, definition.name, definition.equals].flatMap((word) => [token(reader, word), ' '])
  const meaning = definition.kind === 'let' ? definition.value : definition.condition
  return sequence([...above, group([...start, node(reader, meaning)])])
}

/** The top of a pattern always breaks: one operand of `and` or `or` a line. */
function conditionLayout(reader: TokenReader, body: SyntaxBody): Layout {
  switch (body.kind) {
    case 'pattern':
      return isChain(body.condition) ? chain(reader, body.condition, true) : node(reader, body.condition)
    case 'blocks':
      return joined(
        body.blocks.map((block) => blockLayout(reader, block)),
        [newline],
      )
  }
}

function blockLayout(reader: TokenReader, { keyword, open, condition, close }: SyntaxBlock): Layout {
  const above = ownComments(reader, keyword.start)
  const opening = [token(reader, keyword), ' ', required(reader, open)]
  const inside = indent([line, node(reader, condition), ...commentsBeforeClose(reader)])
  return sequence([...above, group([...opening, inside, line, required(reader, close)])])
}

function required(reader: TokenReader, bracket: Token | null): Layout {
  if (bracket === null) throw new Error('a bracket is missing')
  return token(reader, bracket)
}

function joined(parts: readonly Layout[], separator: readonly Layout[]): Layout {
  return sequence(parts.flatMap((part, index) => (index === 0 ? [part] : [...separator, part])))
}

/** Comments above a node stay outside its group, so that they do not break it. */
function node(reader: TokenReader, syntax: SyntaxNode): Layout {
  const above = syntax.kind === 'missing' ? [] : ownComments(reader, syntax.start)
  return sequence([...above, bare(reader, syntax)])
}

function bare(reader: TokenReader, syntax: SyntaxNode): Layout {
  switch (syntax.kind) {
    case 'or':
    case 'and':
      return chain(reader, syntax, false)
    case 'not':
      return sequence([token(reader, syntax.word), ' ', node(reader, syntax.operand)])
    case 'relation':
      return relation(reader, syntax)
    case 'arithmetic':
      return arithmetic(reader, syntax)
    case 'signed':
      return sequence([token(reader, syntax.sign), node(reader, syntax.operand)])
    case 'group':
      return bracketed(reader, syntax, [syntax.inner])
    case 'list':
      return bracketed(reader, syntax, syntax.items)
    case 'call':
      return sequence([token(reader, syntax.name), bracketed(reader, syntax.arguments, syntax.arguments.items)])
    case 'selectorCall':
      return sequence([token(reader, syntax.name), selectorArgument(reader, syntax)])
    case 'method':
      return methods(reader, syntax)
    case 'missing':
      return ''
    default:
      return token(reader, syntax)
  }
}

type Chain = Extract<SyntaxNode, { kind: 'or' | 'and' }>

function isChain(syntax: SyntaxNode): syntax is Chain {
  return syntax.kind === 'or' || syntax.kind === 'and'
}

function chain(reader: TokenReader, { first, rest }: Chain, broken: boolean): Layout {
  const start = node(reader, first)
  const operands = rest.flatMap(({ operator, operand }) => {
    if (operator === null) throw new Error('a word is missing between two conditions')
    return [line, token(reader, operator), ' ', node(reader, operand)]
  })
  return group([start, indent(operands)], broken)
}

/** Breaks before an operator, but not behind a bracket or before a list, which break inside; `as` stays with its name. */
function relation(reader: TokenReader, { first, rest }: RelationNode): Layout {
  const start = node(reader, first)
  const tails = rest.map(({ kind, operator, right }) => {
    const words = [token(reader, operator), ' ', node(reader, right)]
    const closeUp = kind === 'as' || right.kind === 'list' || (kind === 'compare' && endsWithBracket(first))
    return closeUp ? sequence([' ', ...words]) : indent([line, ...words])
  })
  return group([start, ...tails])
}

function endsWithBracket({ kind }: SyntaxNode): boolean {
  return kind === 'group' || kind === 'call' || kind === 'selectorCall' || kind === 'method'
}

function arithmetic(reader: TokenReader, syntax: ArithmeticNode): Layout {
  const tight = isProduct(syntax)
  const steps: ArithmeticNode[] = []
  let first: SyntaxNode = syntax
  while (first.kind === 'arithmetic' && isProduct(first) === tight) {
    steps.push(first)
    first = first.left
  }
  const start = node(reader, first)
  const rest = steps
    .reverse()
    .flatMap(({ operator, right }) => [line, token(reader, operator), ' ', node(reader, right)])
  return group([start, indent(rest)])
}

function isProduct({ operator }: ArithmeticNode): boolean {
  return operator.text !== '+' && operator.text !== '-'
}

function selectorArgument(reader: TokenReader, { argument }: SelectorCallNode): Layout {
  return bracketed(reader, argument, [argument.selector, ...argument.rest])
}

type Brackets = TextRange & { readonly open: Token; readonly close: Token | null }

function bracketed(reader: TokenReader, { open, close }: Brackets, items: readonly SyntaxNode[]): Layout {
  const opening = token(reader, open)
  const inside = items.flatMap((item, index) =>
    index === 0 ? [softLine, node(reader, item)] : [mark(reader, ','), line, node(reader, item)],
  )
  const ending = commentsBeforeClose(reader)
  return group([opening, indent([...inside, ...ending]), softLine, required(reader, close)])
}

/** `base.where(…)`: one method breaks inside its brackets, several stand one a line. */
function methods(reader: TokenReader, syntax: SyntaxNode): Layout {
  const steps: MethodNode[] = []
  let base = syntax
  while (base.kind === 'method') {
    steps.push(base)
    base = base.base
  }
  const start = node(reader, base)
  const apart = steps.length > 1 || commentFollows(reader)
  const calls = steps.reverse().flatMap(({ name, arguments: given }) => {
    const dot = mark(reader, '.')
    const word = token(reader, name)
    return [apart ? softLine : '', dot, word, given === null ? '' : bracketed(reader, given, given.items)]
  })
  return apart ? group([start, indent(calls)]) : sequence([start, ...calls])
}
