import type { Comparison, Condition, Filter } from '../ast.ts'
import { printLiteral, printOperand } from '../print/print.ts'
import { quoted } from '../resolve/reading.ts'
import type { Lint, ReportWarning } from './warning.ts'

/** `currency == USD or EUR` asks for an attribute EUR that is true. */
export const reportStrayValues: Lint =
  () =>
  ({ conditions, selections, eventFilters }, report) => {
    const ofSpans = selections.flatMap(({ filters }) => filters)
    for (const node of [...conditions, ...ofSpans, ...eventFilters.flat()]) visit(node, report)
  }

function visit(node: Condition | Filter, report: ReportWarning): void {
  if (node.kind === 'not') visit(node.operand, report)
  if (node.kind !== 'and' && node.kind !== 'or') return
  let before: Comparison | undefined
  for (const operand of node.operands) {
    const value = before === undefined ? undefined : valueAlone(operand)
    if (before !== undefined && value !== undefined) reportAlone(before, value, operand, node.kind, report)
    else before = isTextEquality(operand, node.kind) ? operand : undefined
    visit(operand, report)
  }
}

/** A comparison that a list could replace: `==` before `or`, `!=` before either. */
function isTextEquality(node: Condition, word: 'and' | 'or'): node is Comparison {
  if (node.kind !== 'comparison' || node.right.kind !== 'text') return false
  return node.operator === '!=' || (node.operator === '==' && word === 'or')
}

/** The undotted word that an operand is. */
function valueAlone(operand: Condition): string | undefined {
  if (operand.kind === 'truthy') return operand.operand.kind === 'attribute' ? undotted(operand.operand.key) : undefined
  if (operand.kind !== 'has' || operand.selector.filters.length > 0) return undefined
  const { name } = operand.selector
  const isShort =
    operand.range.end.offset - operand.range.start.offset === name.range.end.offset - name.range.start.offset
  return name.kind === 'exact' && isShort ? undotted(name.name) : undefined
}

function undotted(word: string): string | undefined {
  return word.includes('.') ? undefined : word
}

function reportAlone(
  { left, operator, right }: Comparison,
  value: string,
  operand: Condition,
  word: 'and' | 'or',
  report: ReportWarning,
): void {
  const what = operand.kind === 'has' ? `whether a span is named ${value}` : `whether the attribute ${value} is true`
  const list = right.kind === 'text' ? `[${printLiteral(right)}, ${value}]` : `[${value}]`
  const kept = operand.kind === 'has' ? `trace.has(${quoted(value)})` : `${value} == true`
  report({
    code: 'stray-value',
    message: `"${word} ${value}" asks ${what}`,
    hint: `write ${printOperand(left)} ${operator === '!=' ? 'not in' : 'in'} ${list}, or ${kept} if that is meant`,
    range: operand.range,
  })
}
