import { RESOURCE_SPANS, SCOPE_SPANS, TRACES_DATA } from '../otlp/fields.ts'
import type { Ranges } from '../otlp/layout.ts'
import type { StoredSpan } from '../trace/read-span.ts'
import { bytesTag } from './message.ts'

/** The span as it came, with its resource and scope, as a TracesData of one span. */
export function frameSpan({ bytes, start, end, scope }: StoredSpan): Uint8Array {
  const span = field(SCOPE_SPANS.spans, [bytes.subarray(start, end)])
  const scopeSpans = field(RESOURCE_SPANS.scopeSpans, [...pieces(bytes, scope.rest), ...span])
  return Buffer.concat(field(TRACES_DATA.resourceSpans, [...pieces(bytes, scope.resource.rest), ...scopeSpans]))
}

function pieces(bytes: Buffer, ranges: Ranges): Buffer[] {
  const found: Buffer[] = []
  for (let i = 0; i < ranges.length; i += 2) found.push(bytes.subarray(ranges[i], ranges[i + 1]))
  return found
}

function field(number: number, content: readonly Buffer[]): Buffer[] {
  let length = 0
  for (const part of content) length += part.length
  const header = [bytesTag(number)]
  for (; length >= 0x80; length = Math.floor(length / 0x80)) header.push((length & 0x7f) | 0x80)
  header.push(length)
  return [Buffer.from(header), ...content]
}
