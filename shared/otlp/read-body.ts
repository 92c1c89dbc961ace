import { decompress } from './decompress.ts'
import { type BodyType, requestTooLarge } from './http.ts'
import { convertJson } from './json.ts'
import type { RequestLimits } from './limits.ts'
import { type SplitBody, splitByTrace } from './split.ts'

/**
 * Takes a body as it was sent apart into a chunk for each trace. Throws InputError where it is not what its type says or
 * holds more than the limits allow.
 */
export function readBody(body: Uint8Array, type: BodyType, limits: RequestLimits): SplitBody {
  return readContent(decompressBody(body, type, limits), type, limits)
}

/** The first half of `readBody`: a body without its encoding. */
export function decompressBody(body: Uint8Array, { encoding }: BodyType, limits: RequestLimits): Uint8Array {
  if (body.length > limits.maxBodyBytes) throw requestTooLarge(limits.maxBodyBytes)
  return decompress(body, encoding, limits.maxBodyBytes)
}

/** The second half of `readBody`: takes apart what was decompressed. */
export function readContent(content: Uint8Array, { format }: BodyType, limits: RequestLimits): SplitBody {
  if (format === 'protobuf') return splitByTrace(content, limits)
  const { bytes, unknownFields } = convertJson(content, limits)
  const split = splitByTrace(bytes, limits)
  return unknownFields ? { ...split, unknownFields } : split
}
