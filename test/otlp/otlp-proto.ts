import protobuf from 'protobufjs'

/** The trace messages of OTLP as far as the tests speak of them, for an independent decoder. */
const DEFINITION = `
  syntax = "proto3";
  message TracesData { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
  message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; string schema_url = 3; }
  message Scope {
    string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4;
  }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
    Kind kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9; uint32 dropped_attributes_count = 10;
    repeated Event events = 11; uint32 dropped_events_count = 12;
    repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15; fixed32 flags = 16;
  }
  enum Kind { UNSPECIFIED = 0; INTERNAL = 1; SERVER = 2; CLIENT = 3; PRODUCER = 4; CONSUMER = 5; }
  message Event {
    fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4;
  }
  message Link {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4;
    uint32 dropped_attributes_count = 5; fixed32 flags = 6;
  }
  message Status { string message = 2; Code code = 3; }
  enum Code { UNSET = 0; OK = 1; ERROR = 2; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue {
    oneof value {
      string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
      ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
    }
  }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }
  message ExportResponse { PartialSuccess partial_success = 1; }
  message PartialSuccess { int64 rejected_spans = 1; string error_message = 2; }
  message RpcStatus { int32 code = 1; string message = 2; }
`

const root = protobuf.parse(DEFINITION, { keepCase: false }).root

export interface OracleSpan {
  readonly traceId?: Uint8Array
  readonly spanId?: Uint8Array
  readonly parentSpanId?: Uint8Array
  readonly name?: string
  readonly kind?: number
  readonly startTimeUnixNano?: string
  readonly endTimeUnixNano?: string
  readonly attributes?: readonly object[]
  readonly events?: readonly object[]
  readonly links?: readonly object[]
  readonly status?: object
  readonly [field: string]: unknown
}

interface OracleScopeSpans {
  readonly scope?: object
  readonly schemaUrl?: string
  readonly spans?: readonly OracleSpan[]
}

export interface OracleResourceSpans {
  readonly resource?: object
  readonly schemaUrl?: string
  readonly scopeSpans?: readonly OracleScopeSpans[]
}

export interface OracleTraces {
  readonly resourceSpans?: readonly OracleResourceSpans[]
}

type MessageName = 'TracesData' | 'Span' | 'Resource' | 'ExportResponse' | 'RpcStatus'

/** Encodes an object (JSON names, 64-bit integers as decimal strings). */
export function encode(name: MessageName, object: object): Buffer {
  const type = root.lookupType(name)
  return Buffer.from(type.encode(type.fromObject(object)).finish())
}

/** Decodes to a plain object: 64-bit integers as decimal strings, enums as numbers, absent fields left out. */
export function decode(name: MessageName, bytes: Uint8Array): unknown {
  const type = root.lookupType(name)
  return type.toObject(type.decode(bytes), { longs: String, enums: Number, bytes: Array })
}

export const decodeTraces = (bytes: Uint8Array) => decode('TracesData', bytes) as OracleTraces

const tracesData = root.lookupType('TracesData')

/** Decodes a TracesData whole, as protobufjs does it: the baseline of the benchmarks. */
export const fullDecode = (bytes: Uint8Array): object => tracesData.decode(bytes)
