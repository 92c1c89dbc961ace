import { describe, expect, test } from 'vitest'
import { packing, writeUnits } from '../../../bench/data/packing.ts'
import { seededRandom } from '../../../bench/data/random.ts'
import { SERVICE_SHAPES } from '../../../bench/data/service-shapes.ts'
import { serviceChunks } from '../../../bench/data/services.ts'
import { newChunk } from '../../../shared/pipeline/chunk.ts'
import { KEYS_1, VALUES_1 } from '../../../shared/pipeline/dictionary/version-1.ts'
import { decodeTraces } from '../../otlp/otlp-proto.ts'

const known = new Set(`${KEYS_1} ${VALUES_1}`.trim().split(/\s+/))

interface Pair {
  readonly key: string
  readonly value: { readonly stringValue?: string }
}

interface Decoded {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Pair[] }
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string }
      readonly spans: readonly { readonly name: string; readonly attributes: readonly Pair[] }[]
    }[]
  }[]
}

describe.each(SERVICE_SHAPES)('$name', (shape) => {
  const decoded = serviceChunks(shape, 50).flatMap(({ bytes }) => (decodeTraces(bytes) as Decoded).resourceSpans)
  const scopes = decoded.flatMap(({ scopeSpans }) => scopeSpans)
  const spans = scopes.flatMap((scope) => scope.spans)
  const pairs = [...decoded.flatMap(({ resource }) => resource.attributes), ...spans.flatMap((span) => span.attributes)]

  test('says with words the dictionary lacks what no convention enumerates', () => {
    const names = [...scopes.map(({ scope }) => scope.name), ...spans.map(({ name }) => name)]
    expect(names.filter((name) => known.has(name) && !['GET', 'POST'].includes(name))).toEqual([])
    const free =
      /^(service\.(name|version|instance)|k8s|url|server\.address|client|db\.(query|namespace|collection)|code|user_agent|gen_ai\.(agent|tool|response\.id))/
    const texts = pairs.filter(({ key }) => free.test(key) || !known.has(key)).map(({ value }) => value.stringValue)
    expect(texts.filter((text) => text !== undefined && text.length > 5 && known.has(text))).toEqual([])
    if (shape.ownWords) expect(pairs.filter(({ key }) => known.has(key))).toEqual([])
    else expect(pairs.some(({ key }) => known.has(key))).toBe(true)
  })

  test('comes in several sizes, the same each time', () => {
    expect(new Set(serviceChunks(shape, 50).map(({ spanCount }) => spanCount)).size).toBeGreaterThan(1)
    expect(serviceChunks(shape, 3)).toEqual(serviceChunks(shape, 3))
  })
})

test('a write is billed by the kilobyte, names and keys included', () => {
  const random = seededRandom(1)
  const incompressible = (length: number) =>
    newChunk(
      'a'.repeat(32),
      0,
      Uint8Array.from({ length }, () => random.below(256)),
      1,
    )
  // Deflate frames what it cannot pack in 15 bytes, and the codec adds one.
  expect([920, 930, 1950].map((length) => writeUnits(incompressible(length)))).toEqual([1, 2, 2])
})

test('chunks of one service are packed best with a dictionary of its own', () => {
  for (const shape of SERVICE_SHAPES) {
    const { rawBytes, plainBytes, packedBytes, boundBytes } = packing(serviceChunks(shape, 40))
    expect([rawBytes, plainBytes, packedBytes, boundBytes].toSorted((a, b) => b - a)).toEqual([
      rawBytes,
      plainBytes,
      packedBytes,
      boundBytes,
    ])
  }
})
