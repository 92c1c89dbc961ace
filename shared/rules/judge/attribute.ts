import type { AttributeNames, OtherName } from '../../trace/attribute-names.ts'
import type { AttributeSource, Span } from '../../trace/span.ts'
import { toNumber } from './arithmetic.ts'
import { isMissing, type Value } from './values.ts'

/** The span's attribute, else the attribute of the resource; an absent key is read under its other names. */
export function readAttribute(span: Span, names: AttributeNames): Value {
  const { key, others } = names
  const value = span.attributes.get(key) ?? span.resource.get(key)
  if (others.length === 0 || !isMissing(value)) return value
  for (const other of others) {
    const found = underOther(span, other)
    if (!isMissing(found)) return found
  }
  return undefined
}

/** An attribute of the resource alone. */
export function readResource({ resource }: Span, { key, others }: AttributeNames): Value {
  const value = resource.get(key)
  if (!isMissing(value)) return value
  return others.map((other) => resource.get(other.key)).find((found) => !isMissing(found))
}

/** An attribute of an event and no other; `kind` is that of its span. */
export function readEventAttribute(attributes: AttributeSource, kind: number, { key, others }: AttributeNames): Value {
  const value = attributes.get(key)
  if (!isMissing(value)) return value
  return others.map((other) => underOtherOfEvent(attributes, kind, other)).find((found) => !isMissing(found))
}

/** The other name under which the attribute was found; undefined where the key itself was, or nothing. */
export function nameOnSpan(span: Span, { key, others }: AttributeNames): string | undefined {
  if (!isMissing(span.attributes.get(key) ?? span.resource.get(key))) return undefined
  return others.find((other) => !isMissing(underOther(span, other)))?.key
}

/** The same of a resource alone. */
export function nameOnResource({ resource }: Span, { key, others }: AttributeNames): string | undefined {
  if (!isMissing(resource.get(key))) return undefined
  return others.find((other) => !isMissing(resource.get(other.key)))?.key
}

/** The same of an event. */
export function nameOnEvent(attributes: AttributeSource, kind: number, { key, others }: AttributeNames) {
  if (!isMissing(attributes.get(key))) return undefined
  return others.find((other) => !isMissing(underOtherOfEvent(attributes, kind, other)))?.key
}

function underOther({ attributes, resource, kind }: Span, other: OtherName): Value {
  if (!isOfKind(kind, other)) return undefined
  if (other.beside.length === 0) return attributes.get(other.key) ?? resource.get(other.key)
  const value = attributes.get(other.key)
  if (isMissing(value) || other.beside.some((key) => isMissing(attributes.get(key)))) return undefined
  return converted(value, other)
}

function underOtherOfEvent(attributes: AttributeSource, kind: number, other: OtherName): Value {
  return other.beside.length === 0 && isOfKind(kind, other) ? attributes.get(other.key) : undefined
}

function isOfKind(kind: number, { kinds }: OtherName): boolean {
  return kinds === undefined || (kind >= 0 && kind < 32 && (kinds & (1 << kind)) !== 0)
}

/** Micrometer's words for a value that it does not know. */
const UNKNOWN = new Set<Value>(['none', 'UNKNOWN'])

function converted(value: Value, { reads }: OtherName): Value {
  if (reads === 'number') return toNumber(value)
  return reads === 'known' && UNKNOWN.has(value) ? undefined : value
}
