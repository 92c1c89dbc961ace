import { namesOf, namesOnResource } from '../../trace/attribute-names.ts'
import type { Attribute, Intrinsic } from '../ast.ts'
import { nameOnResource, nameOnSpan, readAttribute, readResource } from '../judge/attribute.ts'
import { factsOf, readOnce, serviceOf, spanDuration } from '../judge/run.ts'
import type { Run, SpanView } from './plan.ts'
import type { Lookups, Reader } from './plan-test.ts'
import type { RegexTest } from './regex.ts'

/** Attribute keys of the filters on one group of spans; a key that several tests read has a slot in its spans' views. */
export interface KeySlots {
  readonly byKey: Map<string, { slot: number | undefined }>
  used: number
}

/** A span's view may remember this many values: beyond it they are read again each time. */
const MAX_SLOTS = 128

export function newKeySlots(): KeySlots {
  return { byKey: new Map(), used: 0 }
}

/** Notes one more reader of the key. */
function slotOf(slots: KeySlots, key: string): { readonly slot: number | undefined } {
  const known = slots.byKey.get(key)
  if (known !== undefined) {
    if (known.slot === undefined && slots.used < MAX_SLOTS) known.slot = slots.used++
    return known
  }
  const fresh = { slot: undefined }
  slots.byKey.set(key, fresh)
  return fresh
}

/** How operands are read inside a filter, of one span. */
export function spanLookups(slots: KeySlots, regex: (pattern: string) => RegexTest): Lookups<SpanView> {
  const attribute = (key: string, exact?: true): Reader<SpanView> => {
    const names = namesOf(key, exact)
    const place = slotOf(slots, exact === true ? `${key}\0exact` : key)
    return (view) => (place.slot === undefined ? readAttribute(view.span, names) : readOnce(view, names, place.slot))
  }
  return {
    attribute: ({ key, from, exact }: Attribute) => {
      if (from === 'any') return attribute(key, exact)
      const names = namesOnResource(key, exact)
      return ({ span }) => readResource(span, names)
    },
    nameRead(value) {
      if (value.kind === 'boundValue') return nothing
      const { key, from, exact } = value
      const names = from === 'any' ? namesOf(key, exact) : namesOnResource(key, exact)
      return from === 'any' ? ({ span }) => nameOnSpan(span, names) : ({ span }) => nameOnResource(span, names)
    },
    attributeOrText(word, textStandsIn) {
      const read = attribute(word)
      return textStandsIn ? (view) => read(view) ?? word : read
    },
    intrinsic: (intrinsic) => readSpanIntrinsic(intrinsic) ?? onRun(readTraceIntrinsic(intrinsic)),
    boundValue: () => nothing,
    count: () => nothing,
    aggregate: () => nothing,
    regex,
  }
}

/** How operands are read in a condition, of the whole trace: it has no attributes, and a dotted word is text. */
export function traceLookups(
  { count, aggregate }: Pick<Lookups<Run>, 'count' | 'aggregate'>,
  regex: (pattern: string) => RegexTest,
): Lookups<Run> {
  return {
    attribute: () => nothing,
    nameRead: () => nothing,
    attributeOrText: (word) => () => word,
    intrinsic: (intrinsic) => readTraceIntrinsic(intrinsic) ?? nothing,
    boundValue: () => nothing,
    count,
    aggregate,
    regex,
  }
}

const nothing = () => undefined

function onRun(read: Reader<Run> | undefined): Reader<SpanView> {
  return read === undefined ? nothing : (view) => read(view.run)
}

function readSpanIntrinsic({ name }: Intrinsic): Reader<SpanView> | undefined {
  switch (name) {
    case 'span.duration':
      return ({ span }) => spanDuration(span)
    case 'span.status':
      return ({ span }) => statuses[span.statusCode] ?? String(span.statusCode)
    case 'span.status_message':
      return ({ span }) => (span.statusMessage === '' ? undefined : span.statusMessage)
    case 'span.kind':
      return ({ span }) => kinds[span.kind] ?? String(span.kind)
    case 'span.service':
      return ({ span }) => serviceOf(span)
    case 'span.name':
      return ({ span }) => span.name
    default:
      return undefined
  }
}

/** OTLP numbers and names; a number beyond them, which a newer SDK may send, reads as its digits. */
const statuses = ['unset', 'ok', 'error']
const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']

function readTraceIntrinsic({ name }: Intrinsic): Reader<Run> | undefined {
  switch (name) {
    case 'trace.duration':
      return (run) => factsOf(run).durationNanos
    case 'trace.spans':
      return (run) => run.trace.spans.length
    case 'trace.services':
      return (run) => factsOf(run).services
    case 'trace.root.name':
      return (run) => factsOf(run).root?.name
    case 'trace.root.service': {
      return (run) => {
        const { root } = factsOf(run)
        return root && serviceOf(root)
      }
    }
    default:
      return undefined
  }
}
