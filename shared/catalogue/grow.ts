import type { Catalogue, CatalogueLimits, SeenAttribute, SeenName, ValueType } from './catalogue.ts'
import { keyTest } from './key-pattern.ts'
import { shapeOfName, siblingsOfName } from './name-shape.ts'
import { isSecretKey } from './secret-key.ts'

/** A catalogue that spans are added to. */
export interface GrowingCatalogue extends Catalogue {
  readonly limits: CatalogueLimits
  /** Keys whose values are not repeated, beside those that are credentials by their name. */
  readonly isRedacted: (key: string) => boolean
  names: Map<string, GrowingName>
  readonly resource: Map<string, GrowingAttribute>
  resourceHasMore: boolean
  isGrouped: boolean
  text: number
  exampleText: number
}

export interface GrowingName extends SeenName {
  spans: number
  readonly services: Map<string, Map<number, number>>
  readonly attributes: Map<string, GrowingAttribute>
  readonly events: Map<string, number>
  hasMore: boolean
}

export interface GrowingAttribute extends SeenAttribute {
  spans: number
  readonly types: Set<ValueType>
  readonly examples: string[]
  readonly isSecret: boolean
  /** How many values were looked at for examples. */
  looks: number
}

const MAX_NAME_LENGTH = 200
const MAX_KEY_LENGTH = 200
const MAX_KEYS_OF_NAME = 200
const MAX_SERVICES_OF_NAME = 100
const MAX_EVENTS_OF_NAME = 50
const MAX_EXAMPLES = 5
/** Values that are looked at for examples: those that differ show up soon or never. */
const MAX_LOOKS = 100
/** The name of spans whose own is one too many. */
const EVERYTHING_ELSE = '*'
/** Names that differ in the last part alone are grouped from this number on. */
const LEAST_SIBLINGS = 10

/** An empty catalogue; it keeps no example of the keys in `redact`, which may be patterns such as `user.*`. */
export function newCatalogue(limits: CatalogueLimits, redact: readonly string[] = []): GrowingCatalogue {
  return {
    limits,
    isRedacted: keyTest(redact),
    names: new Map(),
    resource: new Map(),
    resourceHasMore: false,
    isGrouped: false,
    text: 0,
    exampleText: 0,
  }
}

/** Counts spans; returns what is known of their name. */
export function noteSpans(
  catalogue: GrowingCatalogue,
  name: string,
  service: string,
  kind: number,
  spans = 1,
): GrowingName {
  const seen = catalogue.names.get(name) ?? nameFor(catalogue, name)
  seen.spans += spans
  const kinds = seen.services.get(service) ?? newService(catalogue, seen, service)
  kinds?.set(kind, (kinds.get(kind) ?? 0) + spans)
  return seen
}

/** Counts an attribute of spans that have the name; undefined where the catalogue has no room for it. */
export function noteAttribute(
  catalogue: GrowingCatalogue,
  seen: GrowingName,
  key: string,
  type: ValueType,
  spans = 1,
): GrowingAttribute | undefined {
  const attribute = seen.attributes.get(key) ?? newAttribute(catalogue, seen.attributes, key)
  if (attribute === undefined) seen.hasMore = true
  else count(attribute, type, spans)
  return attribute
}

/** Counts an attribute of a resource, by the spans that share the resource. */
export function noteResourceAttribute(
  catalogue: GrowingCatalogue,
  key: string,
  type: ValueType,
  spans: number,
): GrowingAttribute | undefined {
  const attribute = catalogue.resource.get(key) ?? newAttribute(catalogue, catalogue.resource, key)
  if (attribute === undefined) catalogue.resourceHasMore = true
  else count(attribute, type, spans)
  return attribute
}

function count(attribute: GrowingAttribute, type: ValueType, spans: number): void {
  attribute.spans += spans
  attribute.types.add(type)
}

export function noteEvent(catalogue: GrowingCatalogue, seen: GrowingName, name: string, times = 1): void {
  const before = seen.events.get(name)
  const fits = before !== undefined || (seen.events.size < MAX_EVENTS_OF_NAME && takesKey(catalogue, name))
  if (fits) seen.events.set(name, (before ?? 0) + times)
  else seen.hasMore = true
}

/** Whether to look at the next value for an example. */
export function wantsExample(attribute: GrowingAttribute): boolean {
  return attribute.examples.length < MAX_EXAMPLES && !attribute.isSecret && attribute.looks++ < MAX_LOOKS
}

/** Keeps an example, if there is room for it; `text` is the value in the notation of rules or JSON. */
export function noteExample(catalogue: GrowingCatalogue, { examples, isSecret }: GrowingAttribute, text: string): void {
  if (isSecret || examples.length >= MAX_EXAMPLES || examples.includes(text)) return
  if (catalogue.exampleText + text.length > catalogue.limits.maxExampleText || !takes(catalogue, text)) return
  catalogue.exampleText += text.length
  examples.push(text)
}

/** Adds all of another catalogue. */
export function addCatalogue(catalogue: GrowingCatalogue, added: Catalogue): void {
  if (added.isGrouped && !catalogue.isGrouped) regroup(catalogue)
  for (const [name, seen] of added.names) {
    addName(catalogue, catalogue.names.get(name) ?? nameFor(catalogue, name, seen.isGroup), seen)
  }
  for (const [key, seen] of added.resource) {
    const attribute = catalogue.resource.get(key) ?? newAttribute(catalogue, catalogue.resource, key)
    if (attribute === undefined) catalogue.resourceHasMore = true
    addAttribute(catalogue, attribute, seen)
  }
  catalogue.resourceHasMore ||= added.resourceHasMore
}

function addName(catalogue: GrowingCatalogue, into: GrowingName, added: SeenName): void {
  into.spans += added.spans
  into.hasMore ||= added.hasMore
  for (const [service, kinds] of added.services) {
    const known = into.services.get(service) ?? newService(catalogue, into, service)
    for (const [kind, spans] of kinds) known?.set(kind, (known.get(kind) ?? 0) + spans)
  }
  for (const [key, seen] of added.attributes) {
    const attribute = into.attributes.get(key) ?? newAttribute(catalogue, into.attributes, key)
    if (attribute === undefined) into.hasMore = true
    addAttribute(catalogue, attribute, seen)
  }
  for (const [name, times] of added.events) noteEvent(catalogue, into, name, times)
}

function addAttribute(catalogue: GrowingCatalogue, into: GrowingAttribute | undefined, added: SeenAttribute): void {
  if (into === undefined) return
  into.spans += added.spans
  for (const type of added.types) into.types.add(type)
  for (const example of added.examples) noteExample(catalogue, into, example)
}

/** The entry of a name that is not known: its own, that of its shape, or that of everything else. */
function nameFor(catalogue: GrowingCatalogue, name: string, isGroup = false): GrowingName {
  const { names, limits } = catalogue
  const whole = name.length <= MAX_NAME_LENGTH ? name : `${name.slice(0, MAX_NAME_LENGTH)}*`
  const written = catalogue.isGrouped ? shapeOfName(whole) : whole
  const known = names.get(written) ?? (catalogue.isGrouped ? names.get(siblingsOfName(written)) : undefined)
  if (known !== undefined) return known
  const isFull = names.size >= limits.maxNames
  if (isFull && !catalogue.isGrouped) {
    regroup(catalogue)
    return nameFor(catalogue, name, isGroup)
  }
  if (!isFull && takes(catalogue, written)) return newName(names, written, isGroup || written !== name)
  catalogue.isGrouped = true
  return names.get(EVERYTHING_ELSE) ?? newName(names, EVERYTHING_ELSE, true)
}

function newName(names: Map<string, GrowingName>, name: string, isGroup: boolean): GrowingName {
  const made: GrowingName = {
    spans: 0,
    isGroup,
    services: new Map(),
    attributes: new Map(),
    hasMore: false,
    events: new Map(),
  }
  names.set(name, made)
  return made
}

/** Gives one entry to names of one shape, and, where these are still many, to names that differ in their last part. */
function regroup(catalogue: GrowingCatalogue): void {
  catalogue.isGrouped = true
  rename(catalogue, shapeOfName)
  while (catalogue.names.size > (3 / 4) * catalogue.limits.maxNames) {
    const before = catalogue.names.size
    const siblings = Map.groupBy(catalogue.names.keys(), siblingsOfName)
    rename(catalogue, (name) => {
      const pattern = siblingsOfName(name)
      return (siblings.get(pattern)?.length ?? 0) < LEAST_SIBLINGS ? name : pattern
    })
    if (catalogue.names.size === before) return
  }
}

function rename(catalogue: GrowingCatalogue, nameOf: (name: string) => string): void {
  const before = catalogue.names
  catalogue.names = new Map()
  for (const [name, seen] of before) {
    const renamed = nameOf(name)
    const into = catalogue.names.get(renamed)
    if (into !== undefined) addName(catalogue, into, seen)
    else catalogue.names.set(renamed, renamed === name ? seen : { ...seen, isGroup: true })
  }
}

function newService(catalogue: GrowingCatalogue, seen: GrowingName, service: string): Map<number, number> | undefined {
  if (seen.services.size >= MAX_SERVICES_OF_NAME || !takesKey(catalogue, service)) {
    seen.hasMore = true
    return undefined
  }
  const kinds = new Map<number, number>()
  seen.services.set(service, kinds)
  return kinds
}

function newAttribute(
  catalogue: GrowingCatalogue,
  attributes: Map<string, GrowingAttribute>,
  key: string,
): GrowingAttribute | undefined {
  if (attributes.size >= MAX_KEYS_OF_NAME || !takesKey(catalogue, key)) return undefined
  const isSecret = isSecretKey(key) || catalogue.isRedacted(key)
  const made: GrowingAttribute = { spans: 0, types: new Set(), examples: [], isSecret, looks: 0 }
  attributes.set(key, made)
  return made
}

function takesKey(catalogue: GrowingCatalogue, key: string): boolean {
  return key.length <= MAX_KEY_LENGTH && takes(catalogue, key)
}

/** Whether there is room for a text, which is then taken. */
function takes(catalogue: GrowingCatalogue, { length }: string): boolean {
  if (catalogue.text + length > catalogue.limits.maxText) return false
  catalogue.text += length
  return true
}
