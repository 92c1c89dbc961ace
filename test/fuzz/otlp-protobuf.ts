import fc from 'fast-check'
import { anyRequest } from '../otlp/any-request.ts'
import { encode } from '../otlp/otlp-proto.ts'
import type { Random } from '../pipeline/model/random.ts'
import { mutatedBytes } from './mutate-bytes.ts'
import { checkAccepted, OTLP_BOUNDS, oracleOf, send, spansIn } from './otlp.ts'
import { changedFields } from './protobuf-fields.ts'
import { sdkRequest } from './sdk-request.ts'
import type { OpenTarget, Target } from './target.ts'

/** OTLP as protobuf. */
export const otlpProtobuf: Target = {
  name: 'otlp-protobuf',
  about: 'bodies of POST /v1/traces as protobuf: ingested, judged, archived, replayed, set beside protobufjs',
  open: async () => openProtobuf(),
}

/** Bodies to change: as SDKs send them, and every field and kind of value that OTLP has. */
export function requestObjects(): readonly object[] {
  const random = fc.sample(anyRequest, { numRuns: 150, seed: 1 })
  return [sdkRequest(1), sdkRequest(8), ...random.filter((request, index) => index < 5 || spansIn(request).length > 0)]
}

function openProtobuf(): OpenTarget {
  const corpus = requestObjects().map((request) => encode('TracesData', request))
  return {
    generate: (random) => generate(random, corpus),
    async check(input) {
      const { status, rejected, buffer } = await send(input, 'application/x-protobuf')
      if (status === 200) await checkAccepted(buffer, rejected, oracleOf(input))
    },
    bounds: OTLP_BOUNDS,
  }
}

function generate(random: Random, corpus: readonly Uint8Array[]): Uint8Array {
  const body = random.pick(corpus)
  if (random.chance(0.03)) return Uint8Array.from({ length: random.between(0, 200) }, () => random.between(0, 255))
  if (random.chance(0.7)) return changedFields(random, body)
  return mutatedBytes(random, random.chance(0.3) ? changedFields(random, body) : body, corpus)
}
