export interface ConnectionLimits {
  /** At one time, over all addresses. */
  readonly maxConnections: number
  /** Of one address or IPv6 /64; where undefined, 2,000 for other machines and no limit of its own for this one. */
  readonly maxPerAddress: number | undefined
  /** Connections beyond those, each for one request: to `/healthz` or `/metrics`, or to be answered with 503. */
  readonly reserved: number
  /** A new connection is not closed for another before; its client may not have had the time to send a request. */
  readonly newForMs: number
  /** Requests that may wait on one connection for the answer to the one before them. */
  readonly maxPipelined: number
  /** Where no connection is idle, one makes room whose body comes slower than this, or whose answer is not read. */
  readonly minBodyBytesPerSecond: number
  /** No connection is slow before. */
  readonly slowAfterMs: number
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  maxConnections: 10_000,
  maxPerAddress: undefined,
  reserved: 200,
  newForMs: 100,
  maxPipelined: 16,
  minBodyBytesPerSecond: 240,
  slowAfterMs: 5_000,
}
