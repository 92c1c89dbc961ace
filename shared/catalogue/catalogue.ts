/** The types of OpenTelemetry's attribute values; `empty` is a key without a value. */
export type ValueType = 'string' | 'int' | 'double' | 'boolean' | 'array' | 'map' | 'bytes' | 'empty'

/** What was seen of one attribute. */
export interface SeenAttribute {
  /** How many spans carried it. */
  readonly spans: number
  readonly types: ReadonlySet<ValueType>
  /** The first few distinct values, in the notation of rules or JSON; longer ones are cut, and end in `…`. */
  readonly examples: readonly string[]
}

/** What was seen of the spans of one name. */
export interface SeenName {
  readonly spans: number
  /** The name is a pattern: names were grouped because there are too many of them, or one is too long. */
  readonly isGroup: boolean
  /** How many spans each service sent, by OTLP SpanKind; '' is the service of spans without a `service.name`. */
  readonly services: ReadonlyMap<string, ReadonlyMap<number, number>>
  readonly attributes: ReadonlyMap<string, SeenAttribute>
  /** The spans carried further keys, services or events, which were too many to be kept. */
  readonly hasMore: boolean
  /** How often each event was seen, by its name. */
  readonly events: ReadonlyMap<string, number>
}

/** What spans look like that were seen: their names, and under each the attributes that they carry. */
export interface Catalogue {
  readonly names: ReadonlyMap<string, SeenName>
  /** The attributes of resources, counted by span. */
  readonly resource: ReadonlyMap<string, SeenAttribute>
  /** Resources carried further keys, which were too many to be kept. */
  readonly resourceHasMore: boolean
  /** There were too many names: those that differ by identifiers share one pattern, such as `GET /users/*`. */
  readonly isGrouped: boolean
}

/** What a catalogue may hold. */
export interface CatalogueLimits {
  readonly maxNames: number
  /** Characters of all names, keys, services, events and examples together. */
  readonly maxText: number
  /** Those of examples alone. */
  readonly maxExampleText: number
}

/** The limits of one hour, and so of each part of it. */
export const HOUR_LIMITS: CatalogueLimits = { maxNames: 5_000, maxText: 4_000_000, maxExampleText: 250_000 }
/** The limits of several hours together. */
export const RANGE_LIMITS: CatalogueLimits = { maxNames: 20_000, maxText: 32_000_000, maxExampleText: 2_000_000 }
/** The limits of recorded traces that rules are held against. */
export const SAMPLE_LIMITS: CatalogueLimits = { maxNames: 100_000, maxText: 64_000_000, maxExampleText: 0 }
