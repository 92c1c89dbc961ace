import { decompress } from './decompress.ts'
import { type BodyType, requestTooLarge } from './http.ts'
import { convertJson } from './json.ts'
import type { RequestLimits } from './limits.ts'
import { type SplitBody, splitByTrace } from './split.ts'

/**
 * Takes a body as it was sent apart into a chunk for each trace. Throws InputError where it is not what its type says or
 * holds more than the limits allow.
 */
export function readBody(body: Uint8Array, { format, encoding }: BodyType, limits: RequestLimits): SplitBody {
  if (body.length > limits.maxBodyBytes) throw requestTooLarge(limits.maxBodyBytes)
  const content = decompress(body, encoding, limits.maxBodyBytes)
  if (format === 'protobuf') return splitByTrace(content, limits)
  const { bytes, unknownFields } = convertJson(content, limits)
  const split = splitByTrace(bytes, limits)
  return unknownFields ? { ...split, unknownFields } : split
}
