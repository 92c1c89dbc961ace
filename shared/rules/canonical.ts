import { createHash } from 'node:crypto'
import type {
  Arithmetic,
  Attribute,
  Condition,
  Filter,
  Intrinsic,
  Invariant,
  Literal,
  NamePattern,
  Operand,
  Pattern,
  Selector,
  Test,
} from './ast.ts'
import { quoted } from './resolve/reading.ts'

/**
 * The hash that tells one meaning of a rule from another: 32 hex digits of SHA-256 over the canonical form, equal for equal
 * meaning as written, whatever the layout, comments, superfluous brackets or short forms.
 */
export function revisionOf(body: Pattern | Invariant): string {
  return createHash('sha256').update(canonicalBody(body)).digest('hex').slice(0, 32)
}

/** The body in the one spelling that says every choice out loud; it parses back to the same body. */
export function canonicalBody(body: Pattern | Invariant): string {
  if (body.kind === 'pattern') return condition(body.condition)
  const blocks: readonly (readonly [string, Condition | undefined])[] = [
    ['when', body.when],
    ['always', body.always],
    ['never', body.never],
    ['except when', body.except],
  ]
  return blocks.flatMap(([word, block]) => (block === undefined ? [] : [`${word} { ${condition(block)} }`])).join(' ')
}

/** A condition or a filter, which is a condition of tests only. Brackets stand only where an operand binds looser. */
function condition(node: Condition): string {
  switch (node.kind) {
    case 'or':
      return node.operands.map(condition).join(' or ')
    case 'and':
      return node.operands
        .map((inner) => (inner.kind === 'or' ? `(${condition(inner)})` : condition(inner)))
        .join(' and ')
    case 'not': {
      const joined = node.operand.kind === 'or' || node.operand.kind === 'and'
      return joined ? `not (${condition(node.operand)})` : `not ${condition(node.operand)}`
    }
    case 'has':
      return `trace.has(${name(node.selector.name)})${filters(node.selector.filters)}`
    case 'all':
      return `trace.all(${selector(node.selector)})${filters(node.filters)}`
    default:
      return test(node)
  }
}

function filters(nodes: readonly Filter[]): string {
  return nodes.map((node) => `.where(${condition(node)})`).join('')
}

function selector(node: Selector): string {
  return `${name(node.name)}${filters(node.filters)}`
}

function name(node: NamePattern): string {
  switch (node.kind) {
    case 'exact':
      return quoted(node.name)
    case 'glob':
      return node.pattern
    case 'any':
      return 'any'
  }
}

function test(node: Test): string {
  switch (node.kind) {
    case 'comparison':
      return `${operand(node.left)} ${node.operator} ${operand(node.right)}`
    case 'membership':
      return `${operand(node.left)} ${node.negated ? 'not in' : 'in'} [${node.items.map(literal).join(', ')}]`
    case 'matches':
      return `${operand(node.left)} matches ${quoted(node.pattern)}`
    case 'exists':
      return `exists(${key(node.operand)})`
    case 'truthy':
      return key(node.operand)
  }
}

function key(node: Attribute | Intrinsic): string {
  if (node.kind === 'intrinsic') return node.name
  return node.from === 'resource' ? `resource.${node.key}` : `attr(${quoted(node.key)})`
}

function operand(node: Operand): string {
  switch (node.kind) {
    case 'attribute':
    case 'intrinsic':
      return key(node)
    case 'attributeOrText':
      return node.word
    case 'arithmetic':
      return arithmetic(node)
    case 'negation':
      return isSigned(node.operand) || node.operand.kind === 'arithmetic'
        ? `-(${operand(node.operand)})`
        : `-${operand(node.operand)}`
    case 'numberOf':
      return `num(${operand(node.operand)})`
    case 'count':
      return `trace.count(${selector(node.selector)})`
    default:
      return literal(node)
  }
}

function isSigned(node: Operand): boolean {
  return (
    node.kind === 'negation' ||
    (node.kind === 'number' && node.value < 0) ||
    (node.kind === 'duration' && node.nanos < 0)
  )
}

function arithmetic(node: Arithmetic): string {
  const left = operand(node.left)
  const right = operand(node.right)
  const tight = isProduct(node)
  const leftLoose = node.left.kind === 'arithmetic' && tight && !isProduct(node.left)
  const rightLoose = node.right.kind === 'arithmetic' && (tight || !isProduct(node.right))
  return `${leftLoose ? `(${left})` : left} ${node.operator} ${rightLoose ? `(${right})` : right}`
}

function isProduct(node: Arithmetic): boolean {
  return node.operator !== '+' && node.operator !== '-'
}

function literal(node: Literal): string {
  switch (node.kind) {
    case 'text':
      return quoted(node.value)
    case 'duration':
      return duration(node.nanos)
    default:
      return String(node.value)
  }
}

/** In the largest unit that needs no fraction; below a microsecond with an exponent, which is exact. */
function duration(nanos: number): string {
  if (nanos % 1e9 === 0) return `${nanos / 1e9}s`
  if (nanos % 1e6 === 0) return `${nanos / 1e6}ms`
  if (nanos % 1e3 === 0) return `${nanos / 1e3}us`
  const [digits, exponent = '0'] = String(nanos).split('e')
  return `${digits}e${Number(exponent) - 3}us`
}
