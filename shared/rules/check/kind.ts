import type { Aggregate, Arithmetic, IntrinsicName, Literal, Operand } from '../ast.ts'
import { problemAt, type ReportProblem } from '../problem.ts'
import { nearest } from '../read/suggest.ts'

/**
 * The kind of a value, as known before any trace is seen. An `attribute` may be anything but a duration: OpenTelemetry has no
 * such attribute value, and a number of unknown unit is not a duration.
 */
export type Kind = 'attribute' | 'number' | 'duration' | 'text' | 'boolean' | 'status' | 'spanKind'

const INTRINSIC_KINDS: Readonly<Record<IntrinsicName, Kind>> = {
  'span.duration': 'duration',
  'span.status': 'status',
  'span.status_message': 'text',
  'span.kind': 'spanKind',
  'span.service': 'text',
  'span.name': 'text',
  'trace.duration': 'duration',
  'trace.spans': 'number',
  'trace.services': 'number',
  'trace.root.name': 'text',
  'trace.root.service': 'text',
}

/** The kind of a value; undefined where its parts do not go together, which is reported. */
export function kindOf(operand: Operand, report: ReportProblem): Kind | undefined {
  switch (operand.kind) {
    case 'attribute':
    case 'attributeOrText':
      return 'attribute'
    case 'intrinsic':
      return INTRINSIC_KINDS[operand.name]
    case 'boundValue':
      return kindOf(operand.value, report)
    case 'count':
      return 'number'
    case 'aggregate':
      return aggregateKind(operand, report)
    case 'numberOf':
      return numberOf(operand.operand, report)
    case 'negation':
      return termKind(operand.operand, report)
    case 'arithmetic':
      return arithmeticKind(operand, report)
    default:
      return operand.kind
  }
}

/** A kind as words in a sentence. */
export function inWords(kind: Kind): string {
  return DESCRIPTIONS[kind]
}

const DESCRIPTIONS: Readonly<Record<Kind, string>> = {
  attribute: 'an attribute',
  number: 'a number',
  duration: 'a duration',
  text: 'text',
  boolean: 'a boolean',
  status: 'a span status',
  spanKind: 'a span kind',
}

function aggregateKind(operand: Aggregate, report: ReportProblem): Kind | undefined {
  if (isFixed(operand.of)) {
    const message = 'this is the same of every span'
    report(
      problemAt(
        operand.of.range,
        'not-a-value',
        message,
        'write an attribute or span.duration, or count with trace.count(…)',
      ),
    )
    return undefined
  }
  if (operand.function === 'distinct') return kindOf(operand.of, report) && 'number'
  return termKind(operand.of, report)
}

/** Made of fixed values alone. */
function isFixed(operand: Operand): boolean {
  switch (operand.kind) {
    case 'number':
    case 'duration':
    case 'text':
    case 'boolean':
      return true
    case 'arithmetic':
      return isFixed(operand.left) && isFixed(operand.right)
    case 'negation':
    case 'numberOf':
      return isFixed(operand.operand)
    default:
      return false
  }
}

function numberOf(operand: Operand, report: ReportProblem): Kind | undefined {
  const kind = kindOf(operand, report)
  if (kind === undefined || kind === 'attribute' || kind === 'number' || kind === 'text') return kind && 'number'
  report(
    problemAt(operand.range, 'kind-mismatch', `num(…) reads a numeric text, not ${inWords(kind)}`, 'leave num(…) out'),
  )
  return undefined
}

/** The kind of a part of a calculation: a number (an attribute counts as one) or a duration; anything else is reported. */
function termKind(operand: Operand, report: ReportProblem): 'number' | 'duration' | undefined {
  const kind = kindOf(operand, report)
  if (kind === undefined || kind === 'number' || kind === 'duration') return kind
  if (kind === 'attribute') return 'number'
  const hint =
    operand.kind === 'text' && operand.value !== ''
      ? `write attr("${operand.value}") for the attribute so named`
      : 'calculate with numbers, durations and attributes'
  report(problemAt(operand.range, 'kind-mismatch', `${inWords(kind)} is nothing to calculate with`, hint))
  return undefined
}

function arithmeticKind(node: Arithmetic, report: ReportProblem): 'number' | 'duration' | undefined {
  const left = termKind(node.left, report)
  const right = termKind(node.right, report)
  if (left === undefined || right === undefined) return undefined
  const kind = combined(node.operator, left, right)
  if (kind !== undefined) return kind
  const message = `${inWords(left)} ${node.operator} ${inWords(right)} means nothing`
  report(problemAt(node.range, 'kind-mismatch', message, arithmeticHint(node, left, right)))
  return undefined
}

function combined(operator: Arithmetic['operator'], left: Kind, right: Kind): 'number' | 'duration' | undefined {
  const same = left === right
  switch (operator) {
    case '*':
      if (left === 'number' && right === 'number') return 'number'
      return same ? undefined : 'duration'
    case '/':
      if (same) return 'number'
      return left === 'duration' ? 'duration' : undefined
    default:
      return same ? (left as 'number' | 'duration') : undefined
  }
}

function arithmeticHint(node: Arithmetic, left: Kind, right: Kind): string {
  if (left === right || node.operator === '/') return 'multiply and divide durations by numbers only'
  const plain = left === 'number' ? node.left : node.right
  if (plain.kind === 'number') return `give the number a unit, as in ${plain.value}ms`
  if (plain.kind === 'attribute') return `make it a duration in its own unit, as in ${plain.key} * 1ms`
  return 'make the number a duration, as in … * 1ms'
}

const STATUSES = ['unset', 'ok', 'error']
const SPAN_KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']

/** Reports text that a span's status or kind never is. */
export function reportWrongValue(literal: Literal, kind: 'status' | 'spanKind', report: ReportProblem): void {
  const [intrinsic, values] =
    kind === 'status' ? (['span.status', STATUSES] as const) : (['span.kind', SPAN_KINDS] as const)
  if (literal.kind !== 'text') return
  if (values.includes(literal.value)) return
  const plain = literal.value.toLowerCase().replace(/^(status_code_|span_kind_)/, '')
  const meant = VALUE_SPELLINGS.get(plain) ?? nearest(plain, values)
  const hint = meant === undefined ? `use one of ${values.join(', ')}` : `write ${meant}`
  report(problemAt(literal.range, 'unknown-value', `${intrinsic} is never "${literal.value}"`, hint))
}

const VALUE_SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['failed', 'error'],
  ['failure', 'error'],
  ['err', 'error'],
  ['success', 'ok'],
])
