import { REQUEST_LIMITS } from '../../shared/otlp/limits.ts'
import { HOSTILE_BODIES } from '../../test/otlp/hostile/bodies.ts'
import { encode } from '../../test/otlp/otlp-proto.ts'
import type { Size } from '../suite.ts'
import { shopBatch } from '../traffic.ts'

/** A body to be sent. */
export interface Attack {
  readonly name: string
  readonly format: 'json' | 'protobuf'
  readonly body: Buffer
}

/** Room for what gzip adds to bytes that it leaves as they are. */
const GZIP_BYTES = 16 * 1024
const LARGEST = REQUEST_LIMITS.maxBodyBytes - GZIP_BYTES
const QUICK_BYTES = 1024 * 1024
const QUICK_EVERY = 25

/** Every body of the catalogue, of the largest size allowed; quickly, some of them and small. */
export function* attacks(size: Size): Generator<Attack> {
  for (const [index, { name, format, make }] of HOSTILE_BODIES.entries()) {
    if (size === 'full') yield { name, format, body: make(LARGEST) }
    else if (index % QUICK_EVERY === 0) yield { name, format, body: make(QUICK_BYTES) }
  }
}

/** Spans as SDKs send them, of as many bytes or as many as a request may have. */
export function ordinary(size: Size): Attack {
  const bytes = size === 'full' ? LARGEST : QUICK_BYTES
  const some = 1_000
  const spans = Math.floor((some * bytes) / encode('TracesData', shopBatch(some)).length) - some
  const most = Math.min(spans, REQUEST_LIMITS.maxRequestSpans)
  return { name: 'spans of a shop', format: 'protobuf', body: encode('TracesData', shopBatch(most)) }
}
