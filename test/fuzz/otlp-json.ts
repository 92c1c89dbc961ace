import { InputError } from '../../shared/errors.ts'
import { convertJson } from '../../shared/otlp/json.ts'
import { splitByTrace } from '../../shared/otlp/split.ts'
import { jsonForm } from '../otlp/json-form.ts'
import { decodeTraces, encode } from '../otlp/otlp-proto.ts'
import type { Random } from '../pipeline/model/random.ts'
import { mutatedBytes } from './mutate-bytes.ts'
import { changedJson } from './mutate-json.ts'
import { mutatedText, type TextPool, wordsOf } from './mutate-text.ts'
import { checkAccepted, OTLP_BOUNDS, send, storedSpans } from './otlp.ts'
import { requestObjects } from './otlp-protobuf.ts'
import { bytesOf, type OpenTarget, type Target, violate } from './target.ts'

/** OTLP as JSON. */
export const otlpJson: Target = {
  name: 'otlp-json',
  about: 'bodies of POST /v1/traces as JSON: likewise, and set beside the same request as protobuf',
  open: async () => openJson(),
}

function openJson(): OpenTarget {
  const requests = requestObjects()
  const texts = requests.map((request) => JSON.stringify(jsonForm(request)))
  const protobuf = new Map(texts.map((text, index) => [text, encode('TracesData', requests[index] ?? {})]))
  const pool: TextPool = { texts, words: [...wordsOf(texts.slice(0, 20)), ...JSON_WORDS] }
  return {
    generate: (random) => generate(random, pool),
    check: (input) => check(input, protobuf),
    bounds: OTLP_BOUNDS,
  }
}

const JSON_WORDS = [
  ...['1e999', '-1e999', '1E-999', '0.1e1', '-0', '9007199254740993', '18446744073709551616', '-9223372036854775809'],
  ...['NaN', 'Infinity', '"NaN"', '"Infinity"', '"-Infinity"', '01', '.5', '5.', '0x10', '"1.0"', '""', '" 5"'],
  ...['null', 'true', '{}', '[]', '[[]]', '{"a":1,"a":2}', '{"__proto__":{"x":1}}', '"\\ud800"', '"\\u0000"', ','],
  ...['"intValue":', '"SPAN_KIND_SERVER"', '"STATUS_CODE_ERROR"', '"resource_spans":', '"traceId":', '"__proto__":'],
]

function generate(random: Random, pool: TextPool): Uint8Array {
  const text = random.pick(pool.texts)
  if (random.chance(0.1)) return bytesOf(text)
  if (random.chance(0.02)) return deep(random)
  if (random.chance(0.6)) return bytesOf(changedJson(random, text))
  if (random.chance(0.5)) return bytesOf(mutatedText(random, pool, 200_000))
  return mutatedBytes(random, Buffer.from(text), [Buffer.from(random.pick(pool.texts))])
}

function deep(random: Random): Uint8Array {
  const depth = random.pick([299, 300, 301, 5_000, 100_000])
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['{"arrayValue":{"values":[', ']}}'],
  ])
  const inner = `${open.repeat(depth)}1${random.chance(0.7) ? close.repeat(depth) : ''}`
  if (random.chance(0.3)) return bytesOf(inner)
  const span = `{"traceId":"${'1'.repeat(32)}","spanId":"${'2'.repeat(16)}","attributes":[{"key":"a","value":${inner}}]}`
  return bytesOf(`{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`)
}

async function check(input: Uint8Array, protobuf: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const { status, rejected, buffer } = await send(input, 'application/json')
  const same = protobuf.get(Buffer.from(input).toString())
  if (same !== undefined) checkSame(input, same, status)
  if (status !== 200) return
  const sent = spansInJson(JSON.parse(new TextDecoder('utf-8').decode(input)))
  if (storedSpans(buffer) + rejected !== sent) {
    violate(`stored ${storedSpans(buffer)} spans and rejected ${rejected} of ${sent} that were sent`)
  }
  await checkAccepted(buffer, rejected, decodeTraces(convertJson(input).bytes))
}

/** A JSON request is stored like the protobuf of the same request. */
function checkSame(json: Uint8Array, protobuf: Uint8Array, status: number): void {
  if (status !== 200) violate(`a valid request is answered ${status}`)
  const stored = (bytes: Uint8Array) =>
    JSON.stringify(splitByTrace(bytes).chunks.map(({ traceId, bytes }) => [traceId, decodeTraces(bytes)]))
  try {
    if (stored(convertJson(json).bytes) !== stored(protobuf))
      violate('JSON and protobuf of one request are stored apart')
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    violate(`a valid request is refused: ${error.message}`)
  }
}

type Loose = Readonly<Record<string, unknown>> | null

/** As far as the places go where spans can be, an absent list is empty and null is an empty message. */
function spansInJson(request: Loose): number {
  const lists = (of: Loose, key: string) =>
    ((of?.[key] as readonly Loose[] | null | undefined) ?? []) as readonly Loose[]
  const scopes = lists(request, 'resourceSpans').flatMap((resource) => lists(resource, 'scopeSpans'))
  return scopes.reduce((sum, scope) => sum + lists(scope, 'spans').length, 0)
}
