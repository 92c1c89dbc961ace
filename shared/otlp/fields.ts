/**
 * Field numbers of OTLP's trace messages, opentelemetry/proto/{trace,common,resource}/v1. `TracesData` and
 * `ExportTraceServiceRequest` are the same on the wire.
 */
export const TRACES_DATA = { resourceSpans: 1 } as const

export const RESOURCE_SPANS = { resource: 1, scopeSpans: 2, schemaUrl: 3 } as const

export const RESOURCE = { attributes: 1, droppedAttributesCount: 2 } as const

export const SCOPE_SPANS = { scope: 1, spans: 2, schemaUrl: 3 } as const

export const SCOPE = { name: 1, version: 2, attributes: 3, droppedAttributesCount: 4 } as const

export const SPAN = {
  traceId: 1,
  spanId: 2,
  traceState: 3,
  parentSpanId: 4,
  name: 5,
  kind: 6,
  startTimeUnixNano: 7,
  endTimeUnixNano: 8,
  attributes: 9,
  droppedAttributesCount: 10,
  events: 11,
  droppedEventsCount: 12,
  links: 13,
  droppedLinksCount: 14,
  status: 15,
  flags: 16,
} as const

export const EVENT = { timeUnixNano: 1, name: 2, attributes: 3, droppedAttributesCount: 4 } as const

export const LINK = {
  traceId: 1,
  spanId: 2,
  traceState: 3,
  attributes: 4,
  droppedAttributesCount: 5,
  flags: 6,
} as const

export const STATUS = { message: 2, code: 3 } as const

export const KEY_VALUE = { key: 1, value: 2 } as const

export const ANY_VALUE = {
  stringValue: 1,
  boolValue: 2,
  intValue: 3,
  doubleValue: 4,
  arrayValue: 5,
  kvlistValue: 6,
  bytesValue: 7,
} as const

/** `ArrayValue.values` and `KeyValueList.values`. */
export const LIST = { values: 1 } as const
