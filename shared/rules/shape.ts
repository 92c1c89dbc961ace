import type { Condition, Filter, NamePattern, Selector } from './ast.ts'

/**
 * A text that two filters share only if they mean the same as written: without places, chained filters and nested groups
 * of one kind flattened, operands of `and` and `or` in one order.
 */
export function filterShape(filters: readonly Filter[]): string {
  return logicShape(filters)
}

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

export function selectorShape({ name, filters }: Selector): string {
  return filters.length === 0 ? nameShape(name) : `${nameShape(name)}\n${filterShape(filters)}`
}

function isEveryName(pattern: string): boolean {
  return /^\*+$/.test(pattern)
}

function logicShape(operands: readonly Condition[]): string {
  return [...new Set(flatten('and', operands).map(shape))].sort().join(' and ')
}

function shape(node: Condition): string {
  switch (node.kind) {
    case 'and':
    case 'or': {
      const parts = [...new Set(flatten(node.kind, node.operands).map(shape))].sort()
      return parts.length === 1 ? (parts[0] as string) : `(${parts.join(` ${node.kind} `)})`
    }
    case 'not':
      return `not ${shape(node.operand)}`
    default:
      return JSON.stringify(node, withoutPlaces)
  }
}

function flatten(kind: 'and' | 'or', operands: readonly Condition[]): readonly Condition[] {
  return operands.flatMap((operand) => (operand.kind === kind ? flatten(kind, operand.operands) : [operand]))
}

const unsaid: ReadonlySet<string> = new Set(['range', 'patternRange', 'quoted'])

function withoutPlaces(key: string, value: unknown): unknown {
  if (unsaid.has(key)) return undefined
  return typeof value === 'bigint' ? `${value}n` : value
}
