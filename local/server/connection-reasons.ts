/** Why a connection was refused or cut off: the label of the metric. */
export type CutReason =
  | 'full'
  | 'address'
  | 'dropped'
  | 'idle'
  | 'slow'
  | 'pipelined'
  | 'http2'
  | 'tls'
  | 'malformed'
  | 'accept'

const FULL = 'raise --max-connections, or find out who holds them'

/** What the log says once an hour, with what to do; the other reasons are only counted. */
export const CUT_MESSAGES: Readonly<Record<CutReason, string | undefined>> = {
  full: `all connections are busy; new ones are answered with 503: ${FULL}`,
  address:
    'an address has as many busy connections as one may have; new ones are answered with 503: if it is a proxy, a NAT or a Collector, raise --max-connections-per-address',
  dropped: `all connections are busy; new ones are closed without an answer: ${FULL}`,
  idle: 'idle connections are closed to make room for new ones: raise --max-connections, or --max-connections-per-address where one address has them all',
  slow: undefined,
  pipelined:
    'a client sends requests without waiting for the answers, and is cut off: let it wait, or use more connections',
  http2:
    'a client speaks HTTP/2 (gRPC), which is not received here: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf in it, or put a Collector in between',
  tls: 'a client speaks TLS, and this port does not: write http:// instead of https:// in its endpoint, or put a proxy for TLS in front',
  malformed: undefined,
  accept: 'a connection could not be accepted: look at the limit of open files (ulimit -n) and at the memory',
}

/** In the order in which `/metrics` shows them. */
export const CUT_REASONS = Object.keys(CUT_MESSAGES) as readonly CutReason[]

/** What a client is answered where no place is left for its connection. */
export const NO_PLACE: Readonly<Record<'full' | 'address', string>> = {
  full: 'too many connections at once; send this again later',
  address: 'too many connections from your address at once; send this again later',
}
