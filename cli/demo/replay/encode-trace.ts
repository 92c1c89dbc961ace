import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import {
  ANY_VALUE,
  KEY_VALUE,
  RESOURCE,
  RESOURCE_SPANS,
  SCOPE,
  SCOPE_SPANS,
  SPAN,
  TRACES_DATA,
} from '../../../shared/otlp/fields.ts'

/** A span to send; ids in hex. */
export interface TrafficSpan {
  readonly name: string
  readonly service: string
  readonly kind: number
  readonly spanId: string
  /** '' for a root. */
  readonly parentSpanId: string
  readonly startNanos: bigint
  readonly endNanos: bigint
  readonly attributes: Readonly<Record<string, string | number | boolean>>
}

/** The spans of one trace as TracesData, a ResourceSpans for each service, as its SDK would send it. */
export function encodeTrace(traceId: string, spans: readonly TrafficSpan[]): Uint8Array {
  const writer = new BinaryWriter()
  for (const [service, ofService] of Map.groupBy(spans, (span) => span.service)) {
    open(writer, TRACES_DATA.resourceSpans)
    open(writer, RESOURCE_SPANS.resource)
    const resource = {
      'service.name': service,
      'service.version': '1.4.2',
      'deployment.environment.name': 'production',
      'telemetry.sdk.name': 'opentelemetry',
      'telemetry.sdk.language': 'nodejs',
    }
    for (const [key, value] of Object.entries(resource)) writeAttribute(writer, RESOURCE.attributes, key, value)
    writer.join()
    open(writer, RESOURCE_SPANS.scopeSpans)
    open(writer, SCOPE_SPANS.scope)
    writer.tag(SCOPE.name, WireType.LengthDelimited).string('shop')
    writer.join()
    for (const span of ofService) writeSpan(writer, traceId, span)
    writer.join().join()
  }
  return writer.finish()
}

function open(writer: BinaryWriter, field: number): void {
  writer.tag(field, WireType.LengthDelimited).fork()
}

function writeSpan(writer: BinaryWriter, traceId: string, span: TrafficSpan): void {
  open(writer, SCOPE_SPANS.spans)
  writer.tag(SPAN.traceId, WireType.LengthDelimited).bytes(Buffer.from(traceId, 'hex'))
  writer.tag(SPAN.spanId, WireType.LengthDelimited).bytes(Buffer.from(span.spanId, 'hex'))
  if (span.parentSpanId !== '') {
    writer.tag(SPAN.parentSpanId, WireType.LengthDelimited).bytes(Buffer.from(span.parentSpanId, 'hex'))
  }
  writer.tag(SPAN.name, WireType.LengthDelimited).string(span.name)
  writer.tag(SPAN.kind, WireType.Varint).int32(span.kind)
  writer.tag(SPAN.startTimeUnixNano, WireType.Bit64).fixed64(span.startNanos)
  writer.tag(SPAN.endTimeUnixNano, WireType.Bit64).fixed64(span.endNanos)
  for (const [key, value] of Object.entries(span.attributes)) writeAttribute(writer, SPAN.attributes, key, value)
  writer.join()
}

function writeAttribute(writer: BinaryWriter, field: number, key: string, value: string | number | boolean): void {
  open(writer, field)
  writer.tag(KEY_VALUE.key, WireType.LengthDelimited).string(key)
  open(writer, KEY_VALUE.value)
  if (typeof value === 'string') writer.tag(ANY_VALUE.stringValue, WireType.LengthDelimited).string(value)
  else if (typeof value === 'boolean') writer.tag(ANY_VALUE.boolValue, WireType.Varint).bool(value)
  else if (Number.isInteger(value)) writer.tag(ANY_VALUE.intValue, WireType.Varint).int64(value)
  else writer.tag(ANY_VALUE.doubleValue, WireType.Bit64).double(value)
  writer.join().join()
}
