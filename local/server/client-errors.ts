import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { SAFE_HEADERS } from '../../shared/otlp/http.ts'
import type { CutReason } from './connection-reasons.ts'
import type { Connections } from './connections.ts'
import { answerHttp2 } from './http2-answer.ts'

/** What Node's parser says of bytes that are no request; `rawPacket` are the last that came. */
interface ClientError extends Error {
  readonly code?: string
  readonly rawPacket?: Buffer
  readonly bytesParsed?: number
}

const HTTP2_ANSWER =
  'BeTrace takes OTLP over HTTP/1.1, not gRPC: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, or put an OpenTelemetry Collector in between'
const TLS_ANSWER = 'this port does not speak TLS: write http:// instead of https:// in the endpoint'

const STATUS_OF: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** Connections that had their answer; their parser may fail again. */
const answered = new WeakSet<Socket>()

/** Counts a connection on which no request can be read, says to its client what it may understand, and ends it. */
export function answerClientError(
  error: ClientError,
  socket: Socket,
  connections: Connections,
  limits: { readonly headersTimeoutMs: number },
): void {
  if (error.code === 'ECONNRESET' || !socket.writable || answered.has(socket)) {
    socket.destroy()
    return
  }
  answered.add(socket)
  const answer = connections.answerOn(socket)
  const kind = answer === undefined ? kindOf(error, socket) : kindDuring(error)
  // Where the client ended its side in the middle of a request, it was not the server that refused anything.
  if (error.code !== 'HPE_INVALID_EOF_STATE') connections.count(kind, socket)
  if (answer?.headersSent === true) socket.destroy()
  else if (kind === 'http2') endHttp2(error, socket, limits.headersTimeoutMs)
  else endWith(socket, STATUS_OF[error.code ?? ''] ?? 400, kind === 'tls' ? TLS_ANSWER : '')
}

function endHttp2({ rawPacket, bytesParsed }: ClientError, socket: Socket, atMostMs: number): void {
  // From here on its bytes are not for the parser.
  socket.removeAllListeners('data')
  const cutOff = setTimeout(() => socket.destroy(), atMostMs)
  socket.once('close', () => clearTimeout(cutOff))
  answerHttp2(socket, rawPacket?.subarray(bytesParsed) ?? new Uint8Array(0), HTTP2_ANSWER)
}

function kindOf(error: ClientError, { bytesRead }: Socket): CutReason {
  const { code, rawPacket } = error
  if (code === 'HPE_PAUSED_H2_UPGRADE') return 'http2'
  const isFirst = rawPacket !== undefined && bytesRead === rawPacket.length
  return isFirst && isTls(rawPacket) ? 'tls' : kindDuring(error)
}

/** While a request is served its client is known to speak HTTP/1.1. */
function kindDuring({ code }: ClientError): CutReason {
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'slow' : 'malformed'
}

/** A record of type handshake and version 3 (RFC 8446, section 5.1). */
function isTls(bytes: Buffer): boolean {
  return bytes[0] === 0x16 && (bytes.length === 1 || bytes[1] === 3)
}

function endWith(socket: Socket, status: number, text: string): void {
  const body = text === '' ? '' : `${text}\n`
  const headers = { ...SAFE_HEADERS, connection: 'close', 'content-type': 'text/plain; charset=utf-8' }
  const lines = Object.entries({ ...headers, 'content-length': body.length }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
  socket.destroySoon()
}

/** Answers CONNECT. */
export function refuseTunnel(socket: Socket, connections: Connections): void {
  connections.count('malformed', socket)
  endWith(socket, 405, 'this server is not a proxy')
}
