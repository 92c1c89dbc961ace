import type { Logic } from '../ast.ts'
import type { AndNode, OrNode, SyntaxNode } from '../syntax.ts'
import { checkBracket } from './bracket.ts'
import { checkLogicWord } from './operator.ts'
import { type Reading, report } from './reading.ts'

type Located = { readonly range: Logic<never>['range'] }

/**
 * and, or, not and brackets around atoms. An operand that is reported and left out does not hide problems of its
 * neighbours: what remains is still returned, to be checked further.
 */
export function resolveLogic<Atom extends Located>(
  reading: Reading,
  node: SyntaxNode,
  atom: (node: SyntaxNode) => Atom | undefined,
): Logic<Atom> | undefined {
  switch (node.kind) {
    case 'or':
    case 'and':
      return resolveOperands(reading, node, atom)
    case 'not': {
      checkLogicWord(reading, node.word, 'not')
      const operand = resolveLogic(reading, node.operand, atom)
      return operand === undefined ? undefined : { kind: 'not', operand, range: reading.rangeOf(node) }
    }
    case 'group':
      checkBracket(reading, node, 'in the brackets')
      return resolveLogic(reading, node.inner, atom)
    default:
      return atom(node)
  }
}

function resolveOperands<Atom extends Located>(
  reading: Reading,
  node: OrNode | AndNode,
  atom: (node: SyntaxNode) => Atom | undefined,
): Logic<Atom> | undefined {
  const operands = [resolveLogic(reading, node.first, atom)]
  let separated = true
  for (const { operator, operand } of node.rest) {
    if (operator !== null) checkLogicWord(reading, operator, node.kind)
    else if (separated) {
      separated = false
      report(
        reading,
        firstToken(operand),
        'missing-operator',
        'a word is missing between these conditions',
        'write "and" or "or" before it',
      )
    }
    operands.push(resolveLogic(reading, operand, atom))
  }
  const known = operands.filter((operand) => operand !== undefined)
  const [only] = known
  if (known.length <= 1) return only
  return { kind: node.kind, operands: known, range: reading.rangeOf(node) }
}

/** Where an expression begins, narrow enough for a caret. */
function firstToken(node: SyntaxNode): { readonly start: number; readonly end: number } {
  switch (node.kind) {
    case 'relation':
    case 'and':
    case 'or':
      return firstToken(node.first)
    case 'arithmetic':
      return firstToken(node.left)
    case 'method':
      return firstToken(node.base)
    case 'not':
      return node.word
    case 'group':
      return node.open
    case 'call':
    case 'selectorCall':
      return node.name
    default:
      return node
  }
}
