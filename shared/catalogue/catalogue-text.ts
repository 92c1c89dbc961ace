import type { Catalogue, SeenAttribute, SeenName, ValueType } from './catalogue.ts'

/* The form in which a catalogue is stored: JSON of arrays, since names and keys take most of it. */

type AttributeEntry = readonly [key: string, spans: number, types: readonly ValueType[], examples: readonly string[]]
type ServiceEntry = readonly [service: string, kinds: readonly (readonly [kind: number, spans: number])[]]
type EventEntry = readonly [event: string, times: number]

interface StoredName {
  readonly name: string
  readonly spans: number
  readonly group?: true
  readonly more?: true
  readonly services: readonly ServiceEntry[]
  readonly attributes: readonly AttributeEntry[]
  readonly events?: readonly EventEntry[]
}

interface StoredCatalogue {
  readonly grouped?: true
  readonly more?: true
  readonly resource: readonly AttributeEntry[]
  readonly names: readonly StoredName[]
}

/** The catalogue as JSON: equal ones have equal texts, whatever came first. */
export function catalogueText({ names, resource, resourceHasMore, isGrouped }: Catalogue): string {
  const stored: StoredCatalogue = {
    ...(isGrouped && { grouped: true }),
    ...(resourceHasMore && { more: true }),
    resource: attributeEntries(resource),
    names: sorted(names).map(storedName),
  }
  return JSON.stringify(stored)
}

function storedName([name, { spans, isGroup, hasMore, services, attributes, events }]: readonly [
  string,
  SeenName,
]): StoredName {
  return {
    name,
    spans,
    ...(isGroup && { group: true }),
    ...(hasMore && { more: true }),
    services: sorted(services).map(([service, kinds]) => [service, [...kinds].sort(([a], [b]) => a - b)]),
    attributes: attributeEntries(attributes),
    ...(events.size > 0 && { events: sorted(events) }),
  }
}

function attributeEntries(attributes: ReadonlyMap<string, SeenAttribute>): readonly AttributeEntry[] {
  return sorted(attributes).map(([key, { spans, types, examples }]) => [key, spans, [...types].sort(), examples])
}

function sorted<Value>(map: ReadonlyMap<string, Value>): readonly (readonly [string, Value])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : Number(a > b)))
}

/** Reads the text back; throws whatever JSON.parse and the wrong shape throw. */
export function readCatalogueText(text: string): Catalogue {
  const { grouped, more, resource, names } = JSON.parse(text) as StoredCatalogue
  return {
    isGrouped: grouped === true,
    resourceHasMore: more === true,
    resource: attributesIn(resource),
    names: new Map(names.map((stored) => [String(stored.name), seenName(stored)])),
  }
}

function seenName({ spans, group, more, services, attributes, events = [] }: StoredName): SeenName {
  return {
    spans: Number(spans),
    isGroup: group === true,
    hasMore: more === true,
    services: new Map(services.map(([service, kinds]) => [String(service), new Map(kinds)])),
    attributes: attributesIn(attributes),
    events: new Map(events),
  }
}

function attributesIn(entries: readonly AttributeEntry[]): ReadonlyMap<string, SeenAttribute> {
  return new Map(
    entries.map(([key, spans, types, examples]) => [
      String(key),
      { spans: Number(spans), types: new Set(types), examples: examples.map(String) },
    ]),
  )
}
