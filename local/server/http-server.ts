import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { answerClientError, refuseTunnel } from './client-errors.ts'
import type { Connections } from './connections.ts'

interface Timeouts {
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveMs: number
  readonly timeoutCheckMs: number
}

/** A server that does not listen yet: its timeouts, and what becomes of connections without a request it can read. */
export function newHttpServer(timeouts: Timeouts, connections: Connections): Server {
  const server = createServer({
    headersTimeout: timeouts.headersTimeoutMs,
    requestTimeout: timeouts.requestTimeoutMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    connectionsCheckingInterval: timeouts.timeoutCheckMs,
  })
  // A client that does not read its answer; `requestTimeout` is about requests alone.
  server.timeout = timeouts.requestTimeoutMs
  server.on('timeout', (socket: Socket) => connections.timeOut(socket))
  server.on('connection', (socket) => connections.accept(socket))
  server.on('clientError', (error, socket) => answerClientError(error, socket as Socket, connections, timeouts))
  // Without a listener an accept that fails (out of files, out of memory) would end the process.
  server.on('error', () => {
    if (server.listening) connections.count('accept')
  })
  // CONNECT, which Node ends without an answer.
  server.on('connect', (_request, socket) => refuseTunnel(socket as Socket, connections))
  return server
}
