import type { AttributeValue } from '../../trace/span.ts'
import { type ComparisonOperator, OPERATORS, type OperatorEntry } from '../operators.ts'
import { elementsOf, isArray, isMissing, type Value } from './values.ts'

/**
 * Whether `left operator right` holds. An array on either side holds if some element does, for `!=` if every one does
 * (so `!=` holds of an empty array and nothing else does); an array contains what equals some element.
 */
export function relate(operator: ComparisonOperator, left: Value, right: Value): boolean {
  if (isMissing(left) || isMissing(right)) return false
  const entry = OPERATORS[operator]
  if (isArray(left)) {
    const each = entry.ofElements ?? operator
    return quantify(entry, elementsOf(left), (element) => !isArray(element) && relate(each, element, right))
  }
  if (isArray(right)) {
    return quantify(entry, elementsOf(right), (element) => !isArray(element) && relate(operator, left, element))
  }
  return entry.relates(left, right)
}

function quantify(
  { ofEveryElement }: OperatorEntry,
  elements: readonly AttributeValue[],
  holds: (element: AttributeValue) => boolean,
): boolean {
  return ofEveryElement === true ? elements.every(holds) : elements.some(holds)
}
