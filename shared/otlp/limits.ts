import { InputError } from '../errors.ts'
import { type OtlpErrorCode, SMALLER_BATCHES } from './errors.ts'

/** What one request may hold. Together these bound the time and memory that reading it takes. */
export interface RequestLimits {
  /** Bytes of the body as sent, and again after decompression. */
  readonly maxBodyBytes: number
  /** In JSON every value counts. In protobuf every field counts; an attribute that is a text, number or boolean is one. */
  readonly maxRequestValues: number
  /** Spans, those that are rejected as well. */
  readonly maxRequestSpans: number
  /** Events and links of all spans together. */
  readonly maxRequestEvents: number
  /** Distinct trace ids. */
  readonly maxRequestTraces: number
  /** Bytes of all traces together, each with its own copy of what its spans share: resources and scopes. */
  readonly maxSplitBytes: number
}

/**
 * Bodies as large as the Collector's receivers take them by default. The others are far above what SDKs and Collectors
 * send: 10,000 spans with 20 attributes each have 900,000 values in JSON.
 */
export const REQUEST_LIMITS: RequestLimits = {
  maxBodyBytes: 20 * 1024 * 1024,
  maxRequestValues: 2_000_000,
  maxRequestSpans: 100_000,
  maxRequestEvents: 250_000,
  maxRequestTraces: 20_000,
  maxSplitBytes: 32 * 1024 * 1024,
}

/** For what nobody sent over a network; it only stops what cannot be meant. */
export const NO_LIMITS: RequestLimits = {
  maxBodyBytes: 2 * 1024 * 1024 * 1024,
  maxRequestValues: 100_000_000,
  maxRequestSpans: 100_000_000,
  maxRequestEvents: 100_000_000,
  maxRequestTraces: 20_000_000,
  maxSplitBytes: 2 * 1024 * 1024 * 1024,
}

/** The limits among other settings. */
export function limitsAmong(settings: RequestLimits): RequestLimits {
  const { maxBodyBytes, maxRequestValues, maxRequestSpans, maxRequestEvents, maxRequestTraces, maxSplitBytes } =
    settings
  return { maxBodyBytes, maxRequestValues, maxRequestSpans, maxRequestEvents, maxRequestTraces, maxSplitBytes }
}

type CountedLimit = Exclude<keyof RequestLimits, 'maxBodyBytes' | 'maxSplitBytes'>

const COUNTED: { readonly [Limit in CountedLimit]: readonly [code: OtlpErrorCode, what: string] } = {
  maxRequestValues: ['too-many-values', 'values'],
  maxRequestSpans: ['too-many-spans', 'spans'],
  maxRequestEvents: ['too-many-events', 'events and links'],
  maxRequestTraces: ['too-many-traces', 'traces'],
}

/** The request holds more than it may. */
export function overLimit(name: CountedLimit, limits: RequestLimits): InputError<OtlpErrorCode> {
  const [code, what] = COUNTED[name]
  return new InputError<OtlpErrorCode>({
    code,
    message: `the request has more than ${limits[name]} ${what}`,
    hint: `${SMALLER_BATCHES}, or raise ${name} where they are received`,
  })
}
