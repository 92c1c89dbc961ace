import type { Operand } from '../ast.ts'
import { problemAt, type ReportProblem } from '../problem.ts'
import { quoted } from '../resolve/reading.ts'
import { operandsOf, type PlacedTest } from '../walk.ts'

/** A plain condition is about the whole trace: attributes and span values belong inside `.where(…)`. */
export function reportSpanValuesOutsideWhere(tests: readonly PlacedTest[], report: ReportProblem): void {
  for (const { test, of } of tests) {
    if (of !== 'trace') continue
    for (const operand of operandsOf(test)) {
      const name = spanValue(operand)
      if (name === undefined) continue
      const hint = isWord(name)
        ? `write any.where(${name} …), or trace.count(${name}) for a number of spans`
        : `write any.where(${name} …)`
      const message = `${name} belongs to a span, and no span is named here`
      report(problemAt(operand.range, 'attribute-outside-where', message, hint))
    }
  }
}

/** How the value of a single span is written, where the operand is one. */
function spanValue(operand: Operand): string | undefined {
  switch (operand.kind) {
    case 'attribute':
      if (operand.from === 'resource') return `resource.${operand.key}`
      return isWord(operand.key) ? operand.key : `attr(${quoted(operand.key)})`
    case 'attributeOrText':
      return operand.word
    case 'intrinsic':
      return operand.name.startsWith('span.') ? operand.name : undefined
    default:
      return undefined
  }
}

function isWord(key: string): boolean {
  return /^(?!(?:span|resource)\.)[\p{L}_][\p{L}\p{N}_]*(?:[.-][\p{L}\p{N}_]+)*$/u.test(key)
}

/** A comparison of fixed values says nothing of a trace. */
export function reportConstantComparisons(tests: readonly PlacedTest[], report: ReportProblem): void {
  for (const { test } of tests) {
    if (operandsOf(test).some(isRead)) continue
    report(
      problemAt(
        test.range,
        'constant-condition',
        'this is the same on every trace',
        'compare with an attribute or a count, or remove it',
      ),
    )
  }
}

/** With two groupings it would be open which groups belong together. */
export function reportSeveralGroupings(tests: readonly PlacedTest[], report: ReportProblem): void {
  for (const { test } of tests) {
    const grouped = operandsOf(test).filter((operand) => 'by' in operand)
    const [, second] = grouped
    if (second === undefined) continue
    const hint = 'compare groups with a number, or with what is not grouped'
    report(problemAt(second.range, 'not-a-value', 'a comparison groups spans once', hint))
  }
}

function isRead({ kind }: Operand): boolean {
  return (
    kind === 'attribute' ||
    kind === 'attributeOrText' ||
    kind === 'intrinsic' ||
    kind === 'boundValue' ||
    kind === 'count' ||
    kind === 'aggregate'
  )
}
