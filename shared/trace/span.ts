import type { KeyMarks } from './key-marks.ts'

/**
 * An OTLP AnyValue as rules see it. An int64 inside ±(2^53-1) is a number, outside it a bigint; a key-value list is a
 * Map; an AnyValue with no field set is null (rules treat it as missing).
 */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly AttributeValue[]
  | ReadonlyMap<string, AttributeValue>

/** Attributes that are decoded only when asked for, one key at a time. */
export interface AttributeSource {
  /** The value under a flat key, or undefined if the key is missing. */
  get(key: string): AttributeValue | undefined
  /** Every key and value in wire order. */
  entries(): readonly (readonly [string, AttributeValue])[]
  /** Notes every key by its mark; absent where that takes as long as reading them. */
  noteKeys?(marks: KeyMarks): void
}

/** One span event. */
export interface SpanEvent {
  readonly name: string
  readonly timeUnixNano: bigint
  readonly attributes: AttributeSource
}

/** One OpenTelemetry span; ids are lower-case hex, `parentSpanId` is '' for a root. */
export interface Span {
  readonly spanId: string
  readonly parentSpanId: string
  readonly name: string
  /** OTLP SpanKind number; unknown numbers are kept. */
  readonly kind: number
  readonly startUnixNano: bigint
  readonly endUnixNano: bigint
  /** OTLP status code: 0 unset, 1 ok, 2 error; unknown numbers are kept. */
  readonly statusCode: number
  /** '' where the status has none. */
  readonly statusMessage: string
  readonly attributes: AttributeSource
  readonly resource: AttributeSource
  /** Decoded on each call. */
  events(): readonly SpanEvent[]
}

/** One trace as it is judged: duplicates removed (same span id, kind, name, start), spans by start, then span id. */
export interface Trace {
  readonly traceId: string
  readonly spans: readonly Span[]
  /** False without a root, with a dangling parent, or when truncated. */
  readonly complete: boolean
  readonly truncated: boolean
}
