import type { Condition, NamePattern, Selector } from '../ast.ts'

export function nameShape(name: NamePattern): string {
  switch (name.kind) {
    case 'exact':
      return `=${name.name}`
    case 'glob':
      return isEveryName(name.pattern) ? 'any' : `*${name.pattern}`
    case 'any':
      return 'any'
  }
}

/**
 * A text that two selectors share only if they mean the same as written: without places, chained filters and nested
 * groups of one kind flattened, operands of `and` and `or` in one order.
 */
export function selectorShape({ name, filters, events = [] }: Selector): string {
  const ofEvents = events.map((event) => [nameShape(event.name), ...shapes('and', event.filters)])
  return JSON.stringify([nameShape(name), ...shapes('and', filters), ...ofEvents])
}

function isEveryName(pattern: string): boolean {
  return /^\*+$/.test(pattern)
}

function shape(node: Condition): string {
  switch (node.kind) {
    case 'and':
    case 'or': {
      const parts = shapes(node.kind, node.operands)
      return parts.length === 1 ? (parts[0] as string) : `(${parts.join(` ${node.kind} `)})`
    }
    case 'not':
      return `not ${shape(node.operand)}`
    default:
      return JSON.stringify(node, withoutPlaces)
  }
}

function shapes(kind: 'and' | 'or', operands: readonly Condition[]): readonly string[] {
  return [...new Set(flatten(kind, operands).map(shape))].sort()
}

function flatten(kind: 'and' | 'or', operands: readonly Condition[]): readonly Condition[] {
  return operands.flatMap((operand) => (operand.kind === kind ? flatten(kind, operand.operands) : [operand]))
}

const unsaid: ReadonlySet<string> = new Set(['range', 'patternRange', 'quoted'])

function withoutPlaces(key: string, value: unknown): unknown {
  if (unsaid.has(key)) return undefined
  return typeof value === 'bigint' ? `${value}n` : value
}
