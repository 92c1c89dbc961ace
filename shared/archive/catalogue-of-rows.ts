import type { ValueType } from '../catalogue/catalogue.ts'
import {
  type GrowingAttribute,
  type GrowingCatalogue,
  noteAttribute,
  noteEvent,
  noteExample,
  noteResourceAttribute,
  noteSpans,
  wantsExample,
} from '../catalogue/grow.ts'
import { eachItemOfText, eachMemberOfText, textBetween } from './json-text.ts'
import type { SpanRow } from './span-row.ts'

/** Bytes of a value that are shown as an example. */
const MAX_EXAMPLE_BYTES = 64
/** A longer text is not read for the sake of an example. */
const MAX_TEXT_LENGTH = 10_000

/** Adds spans to a catalogue. */
export function noteRows(catalogue: GrowingCatalogue, rows: Iterable<SpanRow>): void {
  const resources = new Map<string, number>()
  for (const { name, serviceName, kind, attributes, events, resource } of rows) {
    const seen = noteSpans(catalogue, name, serviceName ?? '', kind)
    eachMemberOfText(attributes, 0, (key, from, to) => {
      keepExample(catalogue, noteAttribute(catalogue, seen, key, typeOf(attributes, from, to)), attributes, from, to)
    })
    if (events !== null) eachEventName(events, (event) => noteEvent(catalogue, seen, event))
    if (resource !== null) resources.set(resource, (resources.get(resource) ?? 0) + 1)
  }
  for (const [resource, spans] of resources) noteResource(catalogue, resource, spans)
}

function noteResource(catalogue: GrowingCatalogue, json: string, spans: number): void {
  eachMemberOfText(json, 0, (member, start) => {
    if (member !== 'attributes') return
    eachMemberOfText(json, start, (key, from, to) => {
      keepExample(catalogue, noteResourceAttribute(catalogue, key, typeOf(json, from, to), spans), json, from, to)
    })
  })
}

function eachEventName(json: string, visit: (name: string) => void): void {
  eachItemOfText(json, (start) => {
    eachMemberOfText(json, start, (member, from, to) => {
      if (member === 'name') visit(textBetween(json, from, to))
    })
  })
}

function keepExample(
  catalogue: GrowingCatalogue,
  attribute: GrowingAttribute | undefined,
  json: string,
  from: number,
  to: number,
): void {
  if (attribute === undefined || !wantsExample(attribute) || to - from > MAX_TEXT_LENGTH) return
  const value = json.slice(from, to)
  const example = value.startsWith('"') ? JSON.stringify(cut(textBetween(value, 0, value.length))) : cut(value)
  noteExample(catalogue, attribute, example)
}

function cut(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= MAX_EXAMPLE_BYTES) return text
  let end = MAX_EXAMPLE_BYTES - Buffer.byteLength('…')
  // Not within a character.
  while (((bytes[end] as number) & 0xc0) === 0x80) end--
  return `${bytes.toString('utf8', 0, end)}…`
}

const QUOTE = 0x22
const OPEN_BRACKET = 0x5b
const OPEN_BRACE = 0x7b
const TRUE = 0x74
const FALSE = 0x66
const NULL = 0x6e

function typeOf(json: string, from: number, to: number): ValueType {
  switch (json.charCodeAt(from)) {
    case QUOTE:
      return 'string'
    case OPEN_BRACKET:
      return 'array'
    case OPEN_BRACE:
      return typeOfForm(json, from)
    case TRUE:
    case FALSE:
      return 'boolean'
    case NULL:
      return 'empty'
    default:
      return isInteger(json, from, to) ? 'int' : 'double'
  }
}

/** A map, or one of the forms for what JSON lacks. */
function typeOfForm(json: string, from: number): ValueType {
  if (json.startsWith('{"$bytes":', from)) return 'bytes'
  if (json.startsWith('{"$double":', from)) return 'double'
  return json.startsWith('{"$absent":', from) ? 'empty' : 'map'
}

/** A double always has a point or an exponent. */
function isInteger(json: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (json[at] === '.' || json[at] === 'e') return false
  return true
}
