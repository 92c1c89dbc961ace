import type { Logic } from '../ast.ts'
import { checkBracket } from './bracket.ts'
import { followsIf, followsRate, reportPhrase, reportRate } from './habits.ts'
import { inOwnScope } from './names.ts'
import { checkLogicWord } from './operator.ts'
import { type Reading, report, textOf } from './reading.ts'
import type { AndNode, OrNode, SyntaxNode, TextRange } from './syntax.ts'

type Located = { readonly range: Logic<never>['range'] }

/**
 * and, or, not and brackets around atoms. An operand that is reported and left out does not hide problems of its
 * neighbours: what remains is still returned, to be checked further.
 */
export function resolveLogic<Atom extends Located>(
  reading: Reading,
  node: SyntaxNode,
  atom: (node: SyntaxNode) => Logic<Atom> | undefined,
): Logic<Atom> | undefined {
  switch (node.kind) {
    case 'or':
    case 'and':
      return resolveOperands(reading, node, atom)
    case 'not': {
      checkLogicWord(reading, node.word, 'not')
      const operand = inOwnScope(reading, 'under "not"', () => resolveLogic(reading, node.operand, atom))
      return operand === undefined ? undefined : { kind: 'not', operand, range: reading.rangeOf(node) }
    }
    case 'group':
      checkBracket(reading, node, 'in the brackets')
      if (node.inner.kind === 'missing' && node.extra !== null) return undefined
      return resolveLogic(reading, node.inner, atom)
    default:
      return atom(node)
  }
}

function resolveOperands<Atom extends Located>(
  reading: Reading,
  node: OrNode | AndNode,
  atom: (node: SyntaxNode) => Logic<Atom> | undefined,
): Logic<Atom> | undefined {
  if (reportPhrase(reading, node)) return undefined
  const known: Logic<Atom>[] = []
  const read = (operand: SyntaxNode) => {
    const resolve = () => resolveLogic(reading, operand, atom)
    return node.kind === 'or' ? inOwnScope(reading, 'in an arm of "or"', resolve) : resolve()
  }
  const first = read(node.first)
  if (first !== undefined) known.push(first)
  let sound = first !== undefined
  for (const { operator, operand } of node.rest) {
    if (operator !== null) checkLogicWord(reading, operator, node.kind)
    else if (sound) reportJuxtaposed(reading, firstToken(operand))
    const resolved = read(operand)
    // A word beside another without an operator may not be a condition at all: one report is enough.
    sound = operator !== null && resolved !== undefined
    if (sound && resolved !== undefined) known.push(resolved)
  }
  const [only] = known
  if (known.length <= 1) return only
  return { kind: node.kind, operands: known, range: reading.rangeOf(node) }
}

function reportJuxtaposed(reading: Reading, next: TextRange): undefined {
  const before = reading.text.slice(Math.max(0, next.start - 100), next.start).trimEnd()
  const word = textOf(reading, next)
  if (reportRate(reading, next.start) || followsRate(reading, next.start)) return undefined
  if (word.toLowerCase() === 'then' && followsIf(reading, next.start)) return undefined
  if (word === 'as') {
    const wanted = 'write a name of letters, digits and _ after it, as in trace.has(x) as y'
    return report(reading, next, 'malformed-name', 'no name follows "as"', wanted)
  }
  const relation = word.toLowerCase() === 'as' ? 'as' : RELATIONS.get(word.toLowerCase())
  if (relation !== undefined) {
    return report(
      reading,
      next,
      'wrong-operator',
      `"${word}" is not an operator of this language`,
      `write "${relation}"`,
    )
  }
  const [number] = /(?<![\p{L}\p{N}_.-])[\d.]+$/u.exec(before) ?? []
  const [name] = /(?<![p{L}p{N}_.-])(?:(?:trace\.)?(?:has|count|all)|exists|attr|num)$/.exec(before) ?? []
  const hint =
    number !== undefined && /^\p{L}{1,8}$/u.test(word)
      ? `write a unit right after its number: ${number}${word}`
      : name !== undefined
        ? `write ${name}(${word})`
        : 'write "and" or "or" before it, or put words that belong together in quotes'
  return report(reading, next, 'missing-operator', `a word is missing between this and the part before it`, hint)
}

/** How other languages, and people, spell the relations between two spans. */
const RELATIONS: ReadonlyMap<string, string> = new Map([
  ['before', 'before'],
  ['after', 'after'],
  ['under', 'under'],
  ['precedes', 'before'],
  ['preceding', 'before'],
  ['then', 'before'],
  ['follows', 'after'],
  ['following', 'after'],
  ['inside', 'under'],
  ['beneath', 'under'],
  ['below', 'under'],
  ['descendant', 'under'],
  ['child', 'directly under'],
  ['directly', 'directly under'],
])

/** Where an expression begins, narrow enough for a caret. */
function firstToken(node: SyntaxNode): TextRange {
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
