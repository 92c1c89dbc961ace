import type { Attribute, AttributeOrText, BoundValue, Intrinsic, IntrinsicName, Literal, NamePattern } from '../ast.ts'
import { nearest } from '../read/suggest.ts'
import { isSubscripted } from './habits.ts'
import { booleanLiteral } from './literal.ts'
import { type BoundWord, boundWord, isBoundElsewhere, reportElsewhere } from './names.ts'
import { quoted, type Reading, report } from './reading.ts'
import type { TextRange, WordNode } from './syntax.ts'

/**
 * The place of a value decides what a bare word in it is. `key`: left of a comparison; `text`: right of `==`, `!=` or a text operator;
 * `value`: after `<`, `<=`, `>` or `>=`; `term`: inside arithmetic, with the side of the comparison that decides what quotes mean.
 */
export type Role = 'key' | 'text' | 'value' | 'keyTerm' | 'term'

const INTRINSICS: readonly IntrinsicName[] = [
  'span.duration',
  'span.status',
  'span.status_message',
  'span.kind',
  'span.service',
  'span.name',
  'trace.duration',
  'trace.spans',
  'trace.services',
  'trace.root.name',
  'trace.root.service',
]
const RESERVED = new Set(['and', 'or', 'not', 'in', 'true', 'false', 'null', 'when', 'always', 'never', 'any'])

/** A bare word as the value it is in its role; reports a word that cannot be there. */
export function resolveWord(
  reading: Reading,
  node: WordNode,
  role: Role,
  place: 'span' | 'trace',
): Literal | Attribute | AttributeOrText | Intrinsic | BoundValue | undefined {
  const literal = booleanLiteral(reading, node)
  if (literal !== undefined) return literal
  const bound = boundWord(reading, node)
  if (bound !== undefined) return resolveBoundValue(reading, node, bound, role)
  if (node.text.includes('.') && isBoundElsewhere(reading, node.text))
    return reportElsewhere(reading, node, `write attr(${quoted(node.text)}) for the attribute so named`)
  if (RESERVED.has(node.text)) return reportReserved(reading, node)
  if (isPrefixed(node.text)) return resolvePrefixed(reading, node)
  const range = reading.rangeOf(node)
  if (role === 'text') {
    if (place === 'trace' || !isDottedWord(node.text)) return { kind: 'text', value: node.text, quoted: false, range }
    return { kind: 'attributeOrText', word: node.text, range }
  }
  if (isAmbiguous(node.text, role)) return reportAmbiguous(reading, node, role)
  return { kind: 'attribute', key: node.text, from: 'any', range }
}

/** Dotted, and no part starts with a digit, as one does in gpt-4.1. */
function isDottedWord(word: string): boolean {
  const parts = word.split('.')
  return parts.length > 1 && parts.every((part) => !/^\p{N}/u.test(part))
}

function isAmbiguous(word: string, role: Role): boolean {
  return word.includes('/') || (word.includes('-') && role !== 'key')
}

function reportAmbiguous(
  reading: Reading,
  node: WordNode,
  role: Role,
  attribute = `attr(${quoted(node.text)})`,
): undefined {
  const calculated = node.text.replace(/[-/]+/g, (operator) => ` ${operator} `)
  const message = `"${node.text}" is one word here, not a calculation`
  const asText = role === 'value' ? `, or ${quoted(node.text)} for text` : ''
  return report(
    reading,
    node,
    'ambiguous-word',
    message,
    `write ${calculated} to calculate, ${attribute} for the attribute so named${asText}`,
  )
}

function reportReserved(reading: Reading, node: WordNode): undefined {
  if (node.text === 'null') {
    return report(
      reading,
      node,
      'null-comparison',
      'the language has no null: an attribute is there or missing',
      'write exists(key) or not exists(key)',
    )
  }
  return report(
    reading,
    node,
    'reserved-word',
    `"${node.text}" is a word of the language`,
    `write ${quoted(node.text)} if it is a name`,
  )
}

export function isReserved(word: string): boolean {
  return RESERVED.has(word)
}

/** Whether a word starts as values of the span, the trace or the resource do. */
export function isPrefixed(word: string): boolean {
  return /^(trace|span|resource)(\.|$)/.test(word)
}

/** A value of a bound span: an attribute of it, or a value such as `span.duration` or `resource.KEY`. */
function resolveBoundValue(
  reading: Reading,
  node: WordNode,
  { bound, key }: BoundWord,
  role: Role,
): BoundValue | undefined {
  const { name } = bound
  if (key === '') {
    const asText = role === 'text' ? `, or ${quoted(name)} for text` : ''
    const hint = `write ${name}.amount or another of its values, attr(${quoted(name)}) for the attribute so named${asText}`
    return report(reading, node, 'not-a-value', `${name} is a bound span, not a value`, hint)
  }
  if (key.startsWith('trace.')) {
    const message = `${key} belongs to the trace, not to a span`
    return report(reading, node, 'unknown-intrinsic', message, `write ${key}`)
  }
  const range = reading.rangeOf(node)
  if (isPrefixed(key)) {
    const value = resolvePrefixed(reading, { ...node, text: key })
    return value && { kind: 'boundValue', bound, value, range }
  }
  if (isAmbiguous(key, role)) return reportAmbiguous(reading, node, role, `${name}.attr(${quoted(key)})`)
  return { kind: 'boundValue', bound, value: { kind: 'attribute', key, from: 'any', range }, range }
}

/** A value such as `span.duration` or `resource.KEY`; reports an unknown one with the one that was probably meant. */
export function resolvePrefixed(reading: Reading, node: WordNode): Attribute | Intrinsic | undefined {
  const range = reading.rangeOf(node)
  if (node.text.startsWith('resource.')) {
    if (isAmbiguous(node.text, 'key')) return reportAmbiguous(reading, node, 'key')
    return { kind: 'attribute', key: node.text.slice('resource.'.length), from: 'resource', range }
  }
  const name = INTRINSICS.find((known) => known === node.text)
  if (name !== undefined) return { kind: 'intrinsic', name, range }
  if (isSubscripted(reading, node)) return undefined
  const asName = `write ${quoted(node.text)} for a name or an attribute`
  if (!node.text.includes('.'))
    return report(reading, node, 'reserved-word', `"${node.text}" is a word of the language`, asName)
  const meant = nearest(node.text, INTRINSICS)
  const known = INTRINSICS.filter((intrinsic) => intrinsic.startsWith(node.text.slice(0, node.text.indexOf('.') + 1)))
  const guess = meant === undefined ? `use one of ${known.join(', ')}` : `did you mean ${meant}?`
  const message = `"${node.text}" is not a value of a span, trace or resource`
  return report(reading, node, 'unknown-intrinsic', message, `${guess} Or ${asName}`.replace(/(?<!\?) Or/, ', or'))
}

/** The key written in quotes. */
export function quotedKey(reading: Reading, node: TextRange, key: string): Attribute | undefined {
  if (key === '') {
    return report(
      reading,
      node,
      'malformed-name',
      'an attribute key cannot be empty',
      'write the key between the quotes',
    )
  }
  return { kind: 'attribute', key, from: 'any', range: reading.rangeOf(node) }
}

/** A span's name as written without quotes inside `has(…)`, `count(…)` and other functions. */
export function resolveSpanName(
  reading: Reading,
  node: TextRange & { readonly text: string },
): NamePattern | undefined {
  const range = reading.rangeOf(node)
  if (node.text === 'any') return { kind: 'any', range }
  if (RESERVED.has(node.text)) {
    return report(
      reading,
      node,
      'reserved-word',
      `"${node.text}" is a word of the language`,
      `write ${quoted(node.text)} if a span is named so`,
    )
  }
  if (node.text.includes('*')) return { kind: 'glob', pattern: node.text, range }
  if (/^\d+(\.\d+)?([eE][+-]?\d+)?(us|ms|s|m|h|kb|mb|gb)?$/.test(node.text)) {
    return report(
      reading,
      node,
      'malformed-name',
      `${node.text} is a number, not a span name`,
      `write ${quoted(node.text)} if a span is named so`,
    )
  }
  return { kind: 'exact', name: node.text, range }
}
