import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SAFE_HEADERS } from '../../shared/otlp/http.ts'
import { RequestTurns } from '../fairness/request-turns.ts'
import { accessControl } from './access-control.ts'
import type { Connections } from './connections.ts'
import { type Asking, answerFault, respond, type Served } from './http-requests.ts'
import { newHttpServer } from './http-server.ts'

export interface HttpLimits {
  /**
   * Bytes of bodies being read or stored at one time; a sender may have as many of them as are left beside its own.
   * A request that would exceed them is answered with 503.
   */
  readonly maxBytesInFlight: number
  /** A client that sends its headers, or its whole request, slower than this is cut off. */
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  /** An idle connection is closed after this time. */
  readonly keepAliveMs: number
  /** The body of a request without a place is read for this time at most, so that its client sees the answer. */
  readonly dropBodyMs: number
  /** How often the timeouts are looked at. */
  readonly timeoutCheckMs: number
  /** How long `close` waits for requests under way. */
  readonly closeGraceMs: number
}

export const HTTP_LIMITS: HttpLimits = {
  maxBytesInFlight: 128 * 1024 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  // Longer than SDKs wait between exports (5 s), and than Prometheus and the idle connections of nginx (60 s).
  keepAliveMs: 65_000,
  dropBodyMs: 1_000,
  timeoutCheckMs: 5_000,
  closeGraceMs: 200,
}

export interface HttpOptions extends Omit<Served, 'budget' | 'accessControl' | 'turns' | 'dropBodyMs'> {
  /** `127.0.0.1` keeps it on this machine. */
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Requests to paths below `/v1` must bring one; without any, whoever reaches the port may send, web pages may not. */
  readonly apiKeys: readonly string[]
  readonly limits: HttpLimits
  readonly connections: Connections
  /** Told of a bug that made a request fail; the client gets 500. */
  readonly onError: (error: unknown) => void
}

export interface HttpServer {
  readonly host: string
  readonly port: number
  /** Takes no more requests, lets those under way end, then cuts off what is left. */
  close(): Promise<void>
}

/** Connections that the system keeps until they are accepted, for when all clients come back at once; it may keep fewer. */
const BACKLOG = 4_096

/** Serves OTLP/HTTP traces and the pages; resolves once it listens, rejects where the port is taken. */
export async function serveHttp(options: HttpOptions): Promise<HttpServer> {
  const { limits, connections, apiKeys, ingest } = options
  const { maxBytesInFlight: bytesLeft, dropBodyMs } = limits
  const server = newHttpServer(limits, connections)
  server.listen({ port: options.port, host: options.host, backlog: BACKLOG })
  await once(server, 'listening')
  const { address, port } = server.address() as AddressInfo
  const place = { host: options.host, address }
  const budget = { bytesLeft }
  const served = {
    ...options,
    budget,
    dropBodyMs,
    accessControl: accessControl(apiKeys, place, ingest),
    turns: new RequestTurns(),
  }
  const handle = (request: IncomingMessage, response: ServerResponse, asking: Asking) => {
    for (const [name, value] of Object.entries(SAFE_HEADERS)) response.setHeader(name, value)
    response.once('finish', () => {
      if (!server.listening) request.socket.end()
    })
    respond(request, response, asking, served).catch((error: unknown) => {
      options.onError(error)
      answerFault(request, response, ingest)
    })
  }
  const take = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) =>
    connections.take(request, response, (noPlace) => handle(request, response, { expectsContinue, noPlace }))
  server.on('request', (request, response) => take(request, response, false))
  server.on('checkContinue', (request, response) => take(request, response, true))
  return { host: address, port, close: () => close(server, limits.closeGraceMs) }
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const cutOff = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(cutOff)
}
