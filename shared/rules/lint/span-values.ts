import type { Comparison, Membership, Operand, Test } from '../ast.ts'
import { printCondition } from '../print/print.ts'
import { atomsOf } from '../walk.ts'
import type { SampledSpans } from './sampled-spans.ts'
import type { Lint, ReportWarning } from './warning.ts'

/** What people call the values that a span has beside its attributes, and what those can be. */
const SPAN_VALUES = [
  {
    intrinsic: 'span.status',
    keys: new Set(['status', 'status.code', 'status_code', 'span_status']),
    prefix: /^status_code_/,
    values: new Set(['error', 'ok', 'unset']),
  },
  {
    intrinsic: 'span.kind',
    keys: new Set(['kind', 'span_kind']),
    prefix: /^span_kind_/,
    values: new Set(['server', 'client', 'internal', 'producer', 'consumer']),
  },
] as const

/** `status == error` reads an attribute, while the status of a span is a value of its own: `span.status`. */
export const reportSpanValues: Lint =
  () =>
  ({ tests }, report) => {
    for (const { test } of tests) {
      if (test.kind === 'comparison' || test.kind === 'membership') reportSpanValue(test, report)
    }
  }

function reportSpanValue(test: Comparison | Membership, report: ReportWarning): void {
  const written = writtenKey(test.left)
  const meant = SPAN_VALUES.find(({ keys }) => written !== undefined && (keys as ReadonlySet<string>).has(written.key))
  if (written === undefined || meant === undefined) return
  const values = (test.kind === 'membership' ? test.items : [test.right]).map((each) => valueIn(each, meant))
  if (values.includes(undefined)) return
  const word = test.kind === 'membership' ? (test.negated ? 'not in' : 'in') : test.operator
  const right = test.kind === 'membership' ? `[${values.join(', ')}]` : values.join('')
  const { of, key } = written
  report({
    code: 'span-value-as-attribute',
    message: `${of}${key} is an attribute here; what the span says itself is ${of}${meant.intrinsic}`,
    hint: `write ${of}${meant.intrinsic} ${word} ${right}, or ${of}attr(${of === '' ? key : `"${key}"`}) for the attribute`,
    range: test.left.range,
  })
}

function valueIn(operand: Operand, { prefix, values }: (typeof SPAN_VALUES)[number]): string | undefined {
  if (operand.kind !== 'text') return undefined
  const plain = operand.value.toLowerCase().replace(prefix, '')
  return (values as ReadonlySet<string>).has(plain) ? plain : undefined
}

/** An attribute as a bare word, with the bound span that it is of; written `attr(…)` it is meant. */
function writtenKey(operand: Operand): { readonly of: string; readonly key: string } | undefined {
  const attribute = operand.kind === 'boundValue' ? operand.value : operand
  if (attribute.kind !== 'attribute' || attribute.from !== 'any' || attribute.exact === true) return undefined
  const of = operand.kind === 'boundValue' ? `${operand.bound.name}.` : ''
  return isBare(operand, `${of}${attribute.key}`) ? { of, key: attribute.key } : undefined
}

function isBare({ range }: Operand, word: string): boolean {
  return range.end.offset - range.start.offset === word.length
}

const EVENT_KEYS: ReadonlySet<string> = new Set(['exception.type', 'exception.message', 'exception.stacktrace'])

/** `exception.type == X` outside of `.event(…)`: SDKs record an exception as an event of the span. */
export const reportEventAttributes: Lint = ({ sample }) => {
  const ofSpans = sample === undefined ? new Set<string>() : keysOf(sample)
  return ({ tests, eventFilters }, report) => {
    const inEvents = new Set<Test>(
      eventFilters.flatMap((filters) => filters.flatMap((filter) => atomsOf<Test>(filter))),
    )
    for (const { test } of tests) {
      if (inEvents.has(test) || test.kind === 'exists' || test.kind === 'truthy') continue
      const written = writtenKey(test.left)
      if (written === undefined || !EVENT_KEYS.has(written.key) || ofSpans.has(written.key)) continue
      const { of, key } = written
      const asked = of === '' ? printCondition(test) : `${key} …`
      const shown = asked.length <= 60 ? asked : `${key} …`
      report({
        code: 'event-attribute',
        message: `${key} is an attribute of the event exception, which spans mostly lack`,
        hint: `write ${of === '' ? 'any.' : of}event(exception).where(${shown}), or ${of}attr(${of === '' ? key : `"${key}"`}) if spans carry it`,
        range: test.left.range,
      })
    }
  }
}

function keysOf({ catalogue }: SampledSpans): ReadonlySet<string> {
  const found = new Set<string>()
  for (const { attributes } of catalogue.names.values()) {
    for (const key of EVENT_KEYS) if (attributes.has(key)) found.add(key)
  }
  return found
}
