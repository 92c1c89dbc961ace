import type { Filter, Operand, Test } from '../ast.ts'
import { planOperand } from '../compile/plan-test.ts'
import { lookupsOfTest } from '../compile/requirement.ts'
import { isNumeric } from '../judge/values.ts'
import type { EvidenceValue } from '../judge/verdict.ts'
import { printOperand } from '../print/print.ts'
import { atomsOf } from '../walk.ts'
import { sayReadAs } from './read-name.ts'
import type { Sight } from './sight.ts'
import { describeDuration, evidenceValue, isDuration } from './wording.ts'

/** What was read on a span or an event for the filters, after `first`: each with its name, once. */
export function readValues<Scope>(
  sight: Sight<Scope>,
  first: readonly Operand[],
  filters: readonly Filter[],
): readonly (readonly [string, EvidenceValue])[] {
  const read = [...first, ...filters.flatMap((filter) => [...atomsOf<Test>(filter)]).flatMap(lookupsOfTest)].filter(
    isOfSpan,
  )
  const values = new Map(
    read.map((operand) => [`${labelOf(operand)}${sayReadAs(sight, operand)}`, operandValue(sight, operand)] as const),
  )
  for (const { word } of read.filter((operand) => operand.kind === 'attributeOrText')) {
    if (values.get(word) === null) values.delete(word)
  }
  return [...values]
}

function isOfSpan(operand: Operand): boolean {
  return (
    operand.kind !== 'count' &&
    operand.kind !== 'aggregate' &&
    !(operand.kind === 'intrinsic' && operand.name.startsWith('trace.'))
  )
}

function labelOf(operand: Operand): string {
  return operand.kind === 'attribute' && operand.from === 'any' ? operand.key : printOperand(operand)
}

function operandValue<Scope>({ scope, lookups }: Sight<Scope>, operand: Operand): EvidenceValue {
  const value = planOperand(operand, lookups)(scope)
  return isDuration(operand) && isNumeric(value) ? describeDuration(value) : evidenceValue(value)
}
