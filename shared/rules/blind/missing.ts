import type { Attribute, BoundValue, Exists, Filter, Operand, Test } from '../ast.ts'
import { operandsOf } from '../walk.ts'

/** A value of a span, or of a bound span, that the span may lack. */
export type OptionalValue = Attribute | (BoundValue & { readonly value: Attribute })

/**
 * The attributes without which the test is false. `exists(a)` is not among them, since it asks just whether `a` is
 * there. Nor is a dotted word that is text where the span lacks it: its value is then known.
 */
export function optionalValuesOf(test: Test): readonly OptionalValue[] {
  if (test.kind === 'exists') return []
  return distinct(
    operandsOf(test)
      .filter((operand) => !isTextInstead(test, operand))
      .flatMap(optionalValue),
  )
}

/** A dotted word right of an operator other than `!=` is text where the span lacks the attribute. */
function isTextInstead(test: Test, operand: Operand): boolean {
  return (
    operand.kind === 'attributeOrText' && test.kind === 'comparison' && test.operator !== '!=' && operand === test.right
  )
}

/** The attributes that a value is made of. */
export function optionalPartsOf(operand: Operand): readonly OptionalValue[] {
  return optionalValuesOf({
    kind: 'matches',
    left: operand,
    pattern: '',
    patternRange: operand.range,
    range: operand.range,
  })
}

function optionalValue(operand: Operand): readonly OptionalValue[] {
  switch (operand.kind) {
    case 'attribute':
      return [operand]
    case 'attributeOrText':
      return [{ kind: 'attribute', key: operand.word, from: 'any', range: operand.range }]
    case 'boundValue': {
      const { value } = operand
      return value.kind === 'attribute' ? [{ ...operand, value }] : []
    }
    default:
      return []
  }
}

function distinct(values: readonly OptionalValue[]): readonly OptionalValue[] {
  return [...new Map(values.map((value) => [identityOf(value), value] as const)).values()]
}

function identityOf(value: OptionalValue): string {
  const { key, from, exact } = value.kind === 'attribute' ? value : value.value
  return JSON.stringify([value.kind === 'attribute' ? -1 : value.bound.id, key, from, exact === true])
}

/** That the span lacks the attribute. */
export function isAbsent(operand: OptionalValue): Filter {
  const { range } = operand
  const exists: Exists = { kind: 'exists', operand, range }
  return { kind: 'not', operand: exists, range }
}
