import type { Comparison, Literal, Matches, Membership, Operand, Test, Truthy } from '../ast.ts'
import { OPERATORS } from '../operators.ts'
import { printOperand } from '../print/print.ts'
import { problemAt, type ReportProblem } from '../problem.ts'
import type { PlacedTest } from '../walk.ts'
import { inWords, type Kind, kindOf, reportWrongValue } from './kind.ts'

/** Where the kinds of both sides are known they must agree: a duration with a duration, never a count with text. */
export function reportKindMismatches(tests: readonly PlacedTest[], report: ReportProblem): void {
  for (const { test } of tests) reportMismatch(test, report)
}

function reportMismatch(test: Test, report: ReportProblem): void {
  if (test.kind === 'comparison') reportComparison(test, report)
  if (test.kind === 'membership') reportMembership(test, report)
  if (test.kind === 'matches') reportUnmatchable(test, report)
  if (test.kind === 'truthy') reportUntrue(test, report)
}

function reportUnmatchable(test: Matches, report: ReportProblem): void {
  const left = kindOf(test.left, report)
  if (left === undefined || isTextual(left)) return
  report(problemAt(test.range, 'kind-mismatch', `${inWords(left)} is not text to match`, 'compare it with == or <'))
}

function reportUntrue({ operand }: Truthy, report: ReportProblem): void {
  const value = operand.kind === 'boundValue' ? operand.value : operand
  if (value.kind === 'attribute') return
  const written = printOperand(operand)
  const hint = `compare it, as in ${written} ${EXAMPLES.get(value.name) ?? '> 0'}`
  report(problemAt(operand.range, 'not-a-condition', `${written} is not true or false`, hint))
}

const EXAMPLES: ReadonlyMap<string, string> = new Map([
  ['span.duration', '> 1s'],
  ['span.status', '== error'],
  ['span.status_message', 'contains "refused"'],
  ['span.kind', '== server'],
  ['span.service', '== checkout'],
  ['span.name', 'starts with "GET"'],
  ['trace.duration', '> 5s'],
  ['trace.root.name', '== "GET /"'],
  ['trace.root.service', '== checkout'],
])

function isTextual(kind: Kind): boolean {
  return kind === 'text' || kind === 'attribute' || kind === 'status' || kind === 'spanKind'
}

function reportComparison(node: Comparison, report: ReportProblem): void {
  const left = kindOf(node.left, report)
  const right = kindOf(node.right, report)
  if (left === undefined || right === undefined) return
  const problem = comparisonProblem(node, left, right)
  if (problem !== undefined) {
    report(problemAt(node.range, 'kind-mismatch', problem.message, problem.hint))
    return
  }
  const named = isNamed(left) ? left : isNamed(right) ? right : undefined
  const literal = isNamed(left) ? node.right : node.left
  if (named !== undefined && literal.kind === 'text' && (node.operator === '==' || node.operator === '!=')) {
    reportWrongValue(literal, named, report)
  }
}

function isNamed(kind: Kind): kind is 'status' | 'spanKind' {
  return kind === 'status' || kind === 'spanKind'
}

interface Explanation {
  readonly message: string
  readonly hint: string
}

function comparisonProblem(node: Comparison, left: Kind, right: Kind): Explanation | undefined {
  const { compares } = OPERATORS[node.operator]
  switch (compares) {
    case 'equality':
      return agree(left, right) ? undefined : disagreement(node, left, right)
    case 'text':
      return textProblem(node, left, right)
    case 'order':
      return orderProblem(node, left, right)
  }
}

function orderProblem(node: Comparison, left: Kind, right: Kind): Explanation | undefined {
  if (isNamed(left) || isNamed(right)) {
    return { message: 'statuses and kinds have no order', hint: 'compare with == or in [ … ]' }
  }
  if (left === 'boolean' || right === 'boolean') {
    return { message: 'true and false have no order', hint: 'compare with == or !=' }
  }
  return agree(left, right) ? undefined : disagreement(node, left, right)
}

/** Whether two kinds can be equal on some trace. */
function agree(left: Kind, right: Kind): boolean {
  if (left === 'attribute' || right === 'attribute') return left !== 'duration' && right !== 'duration'
  if (isNamed(left) || isNamed(right)) return isTextual(left) && isTextual(right)
  return left === right
}

function textProblem(node: Comparison, left: Kind, right: Kind): Explanation | undefined {
  if (node.left.kind === 'intrinsic' && node.left.name === 'trace.services') {
    return {
      message: 'trace.services is how many services there are',
      hint: 'write any.where(span.service == checkout)',
    }
  }
  if (!isTextual(left)) return { message: `${inWords(left)} is not text`, hint: 'compare it with == or <' }
  const mayBeElement = OPERATORS[node.operator].ofElements !== undefined && left === 'attribute' && right !== 'duration'
  if (isTextual(right) || mayBeElement) return undefined
  return { message: `${inWords(right)} is not text`, hint: 'write the text after it in quotes' }
}

function disagreement(node: Comparison, left: Kind, right: Kind): Explanation {
  return { message: `${inWords(left)} is never ${inWords(right)}`, hint: hintFor(node, left, right) }
}

function hintFor(node: Comparison, left: Kind, right: Kind): string {
  const hint = node.right.kind === 'text' && !node.right.quoted ? wordHint(node, node.right.value) : undefined
  if (hint !== undefined) return hint
  if (left === 'duration' || right === 'duration') return durationHint(left === 'duration' ? node.right : node.left)
  if (left === 'status') return 'compare with unset, ok or error; a response code is an attribute'
  if (left === 'number' && node.right.kind === 'text') return 'write a number without quotes'
  return 'compare values of one kind'
}

/** A bare word is text after `==`, where an attribute or a count may be meant. */
function wordHint({ left, operator }: Comparison, word: string): string | undefined {
  if (left.kind === 'count') return `write a number, or trace.count(${word})`
  if (isLiteral(left)) return `write the attribute first: ${word} ${OPERATORS[operator].mirrored ?? operator} …`
  if (left.kind === 'intrinsic' && left.name.startsWith('trace.')) return undefined
  return `write attr(${word}) for the attribute so named`
}

function isLiteral(operand: Operand): boolean {
  return operand.kind === 'number' || operand.kind === 'boolean' || operand.kind === 'duration'
}

/** How people call what a span says itself. */
const DURATION_WORDS: ReadonlySet<string> = new Set([
  'duration',
  'latency',
  'elapsed',
  'span_duration',
  'span.duration',
])

function durationHint(other: Operand): string {
  switch (other.kind) {
    case 'number':
      return `give the number a unit, as in ${other.value}ms`
    case 'attribute':
      if (DURATION_WORDS.has(other.key))
        return `write span.duration for how long the span took, or ${other.key} * 1ms if the attribute counts milliseconds`
      return `write ${other.key} * 1ms if it counts milliseconds, or compare it with a plain number`
    case 'aggregate': {
      const { of } = other
      if (of.kind === 'attribute') return `take span.duration of them, or ${of.key} * 1ms if it counts milliseconds`
      return 'compare it with a plain number'
    }
    case 'text':
      return 'write a duration without quotes, as in 5s'
    default:
      return 'compare durations with durations, as in 5s'
  }
}

function reportMembership(node: Membership, report: ReportProblem): void {
  const left = kindOf(node.left, report)
  if (left === undefined) return
  for (const item of node.items) reportItem(item, left, report)
}

function reportItem(item: Literal, left: Kind, report: ReportProblem): void {
  if (!agree(left, item.kind)) {
    const message = `${inWords(left)} is never ${inWords(item.kind)}`
    const hint =
      item.kind === 'duration'
        ? 'write a number in the unit of the attribute'
        : `write ${IN_LISTS.get(left) ?? inWords(left)}`
    report(problemAt(item.range, 'kind-mismatch', message, hint))
  } else if (isNamed(left)) {
    reportWrongValue(item, left, report)
  }
}

const IN_LISTS: ReadonlyMap<Kind, string> = new Map([
  ['duration', 'durations, as in 5s'],
  ['text', 'text in quotes'],
  ['status', 'unset, ok or error'],
])
