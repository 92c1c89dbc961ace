import { namesOf } from '../../trace/attribute-names.ts'
import { keyOnWire } from '../../trace/key-marks.ts'
import type { Filter, Operand, Test } from '../ast.ts'

/**
 * Attribute keys that a span, or its resource, has to have to pass the filters: of each list at least one, by their
 * marks. Never too much, maybe too little: a missing value makes every test false, but not a part under `not`.
 */
export function neededKeys(filters: readonly Filter[]): readonly (readonly number[])[] {
  return filters.flatMap(needsOf)
}

function needsOf(filter: Filter): readonly (readonly number[])[] {
  switch (filter.kind) {
    case 'and':
      return filter.operands.flatMap(needsOf)
    case 'or':
      return oneOfEach(filter.operands.map(needsOf))
    case 'not':
      return []
    default:
      return valuesOf(filter).flatMap(keyOf)
  }
}

/** Whatever alternative holds, it needs one of its own keys. */
function oneOfEach(alternatives: readonly (readonly (readonly number[])[])[]): readonly (readonly number[])[] {
  const keys: number[] = []
  for (const [first] of alternatives) {
    if (first === undefined) return []
    keys.push(...first)
  }
  return [keys]
}

/** The values without which the test is false. */
function valuesOf(test: Test): readonly Operand[] {
  switch (test.kind) {
    case 'comparison':
      return [test.left, test.right]
    case 'membership':
    case 'matches':
      return [test.left]
    default:
      return [test.operand]
  }
}

function keyOf(operand: Operand): readonly (readonly number[])[] {
  if (operand.kind !== 'attribute') return []
  const { key, others } = namesOf(operand.key, operand.exact)
  return [[key, ...others.map((other) => other.key)].map((name) => keyOnWire(name).mark)]
}
