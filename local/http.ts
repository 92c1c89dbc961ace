import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type ApiRequest,
  type ApiResponse,
  errorBody,
  isExperimentPath,
  json,
  MAX_EVENT_BYTES,
} from '../shared/experiments/api.ts'
import { type OtlpResponse, type RequestHead, SAFE_HEADERS } from '../shared/otlp/http.ts'
import {
  answerBug,
  type IngestDeps,
  type Refusal,
  refuseBusy,
  refuseHead,
  refuseTooLarge,
} from '../shared/pipeline/ingest.ts'
import { type Door, door } from './door.ts'
import { RequestTurns } from './request-turns.ts'
import type { Sender, Senders } from './senders.ts'
import { type InTurn, storeInTurn, type Taken } from './store-in-turn.ts'

/** What a page beside the traces answers to GET and HEAD. */
export interface PageResponse {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

export interface HttpLimits {
  /**
   * Bytes of bodies being read or stored at one time; a sender may have as many of them as are left beside its own.
   * A request that would exceed them is answered with 503.
   */
  readonly maxBytesInFlight: number
  readonly maxConnections: number
  /** A client that sends its headers, or its whole request, slower than this is cut off. */
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  /** How often the timeouts are looked at. */
  readonly timeoutCheckMs: number
  /** How long `close` waits for requests under way. */
  readonly closeGraceMs: number
}

export const HTTP_LIMITS: HttpLimits = {
  maxBytesInFlight: 128 * 1024 * 1024,
  maxConnections: 1_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  timeoutCheckMs: 5_000,
  closeGraceMs: 400,
}

export interface HttpOptions {
  /** `127.0.0.1` keeps it on this machine. */
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  readonly ingest: IngestDeps
  readonly senders: Senders
  /** Asked before a body is read, and again when it is known how many traces it has. */
  readonly refusing: InTurn['refusing']
  /** Requests to paths below `/v1` must bring one; without any, whoever reaches the port may send, web pages may not. */
  readonly apiKeys: readonly string[]
  /** Answers the paths of experiments and brakes. */
  readonly api: (request: ApiRequest) => Promise<ApiResponse>
  /** By path: `/metrics`, `/healthz`. */
  readonly pages: Readonly<Record<string, () => PageResponse | Promise<PageResponse>>>
  readonly limits: HttpLimits
  /** Told of a bug that made a request fail; the client gets 500. */
  readonly onError: (error: unknown) => void
}

export interface HttpServer {
  readonly host: string
  readonly port: number
  /** Takes no more requests, lets those under way end, then cuts off what is left. */
  close(): Promise<void>
}

const TRACES_PATH = '/v1/traces'

/** Serves OTLP/HTTP traces and the pages; resolves once it listens, rejects where the port is taken. */
export async function serveHttp(options: HttpOptions): Promise<HttpServer> {
  const { limits } = options
  const server = createServer({
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: limits.timeoutCheckMs,
  })
  server.maxConnections = limits.maxConnections
  const budget: Budget = { bytesLeft: limits.maxBytesInFlight }
  server.listen(options.port, options.host)
  await once(server, 'listening')
  const { address, port } = server.address() as AddressInfo
  const place = { host: options.host, address }
  const served = { ...options, budget, door: door(options.apiKeys, place, options.ingest), turns: new RequestTurns() }
  const handle = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) => {
    for (const [name, value] of Object.entries(SAFE_HEADERS)) response.setHeader(name, value)
    response.once('finish', () => {
      if (!server.listening) request.socket.end()
    })
    respond(request, response, expectsContinue, served).catch((error: unknown) => {
      options.onError(error)
      if (response.headersSent) response.destroy()
      else if (pathOf(request) === TRACES_PATH) send(response, answerBug(headOf(request), options.ingest))
      else sendText(response, 500, 'internal error\n')
    })
  }
  server.on('request', (request, response) => handle(request, response, false))
  server.on('checkContinue', (request, response) => handle(request, response, true))
  return { host: address, port, close: () => close(server, limits.closeGraceMs) }
}

/** Bytes of bodies that may still be taken in, over all requests. */
interface Budget {
  bytesLeft: number
}

interface Served extends HttpOptions {
  readonly door: Door
  readonly turns: RequestTurns
  readonly budget: Budget
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  expectsContinue: boolean,
  served: Served,
): Promise<void> {
  const path = pathOf(request)
  const asks = path === TRACES_PATH ? 'spans' : isExperimentPath(path) ? 'api' : 'page'
  const address = request.socket.remoteAddress
  const caller = served.door({ head: headOf(request), headers: request.headersDistinct, asks, address })
  if ('refused' in caller) return refuse(request, response, caller.refused, served.ingest)
  if (asks === 'page') return showPage(path, request, response, served)
  const sender = served.senders.enter(caller.name)
  try {
    if (asks === 'api') await answer(request, response, expectsContinue, sender, served)
    else await receive(request, response, expectsContinue, sender, served)
  } finally {
    served.senders.leave(sender)
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  expectsContinue: boolean,
  sender: Sender,
  { api, ingest: deps, budget }: Served,
): Promise<void> {
  const { method, headers } = headOf(request)
  const { pathname: path, searchParams: query } = new URL(request.url ?? '', 'http://local')
  if (expectsContinue) response.writeContinue()
  const taken: Taken = { sender, parts: [], bytes: 0 }
  try {
    const outcome = await readBody(request, taken, MAX_EVENT_BYTES, budget)
    if (outcome === 'aborted') return
    if (outcome !== 'whole') return refuse(request, response, sendable(refusedBody(outcome)), deps)
    const body = Buffer.concat(taken.parts, taken.bytes).toString('utf8')
    send(response, sendable(await api({ method, path, query, headers, body })))
  } finally {
    giveBack(taken, budget)
  }
}

function refusedBody(outcome: 'too-large' | 'busy'): ApiResponse {
  const hint = `send at most ${MAX_EVENT_BYTES} bytes`
  if (outcome === 'too-large') return json(413, errorBody('too-large', 'the body is too large', hint))
  return json(503, errorBody('busy', 'too many requests at once', 'send the same again later'), { 'retry-after': '2' })
}

function sendable({ status, headers, body }: ApiResponse): OtlpResponse {
  return { status, headers, body: Buffer.from(body) }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? ''
}

async function showPage(path: string, request: IncomingMessage, response: ServerResponse, { pages }: HttpOptions) {
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined
  if (page === undefined) return sendText(response, 404, `nothing is at this path; traces go to POST ${TRACES_PATH}\n`)
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    return sendText(response, 405, 'only GET, HEAD is allowed here\n')
  }
  const { status, contentType, body } = await page()
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  expectsContinue: boolean,
  sender: Sender,
  served: Served,
): Promise<void> {
  const { ingest: deps, refusing, budget } = served
  const head = headOf(request)
  const refuseSender = () => {
    const refusal = refusing(sender, 1)
    return refusal === undefined ? undefined : refuseBusy(head, refusal, deps)
  }
  const refused = refuseHead(head, deps) ?? refuseSender()
  if (refused !== undefined) return refuse(request, response, refused, deps)
  if (expectsContinue) response.writeContinue()
  const taken: Taken = { sender, parts: [], bytes: 0 }
  try {
    const outcome = await readBody(request, taken, deps.options.maxBodyBytes, budget)
    if (outcome === 'aborted') deps.metrics.add('requests', { status: CLIENT_CLOSED_REQUEST })
    else if (outcome === 'too-large') refuse(request, response, refuseTooLarge(head, deps), deps)
    else if (outcome === 'busy') refuse(request, response, refuseBusy(head, TOO_MANY, deps), deps)
    else send(response, await storeInTurn(head, taken, served))
  } finally {
    giveBack(taken, budget)
  }
}

const TOO_MANY: Refusal = {
  reason: 'bytes-in-flight',
  message: 'too many requests at once; send this one again later',
}

/** Nobody is left to read it; the number nginx logs, so that such requests are counted like the others. */
const CLIENT_CLOSED_REQUEST = 499

function headOf(request: IncomingMessage): RequestHead {
  const headers: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return { method: request.method ?? '', headers }
}

type ReadOutcome = 'whole' | 'too-large' | 'busy' | 'aborted'

async function readBody(
  request: IncomingMessage,
  taken: Taken,
  maxBodyBytes: number,
  budget: Budget,
): Promise<ReadOutcome> {
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (taken.bytes + chunk.length > maxBodyBytes) return 'too-large'
      if (taken.sender.bodyBytes + chunk.length > budget.bytesLeft - chunk.length) return 'busy'
      budget.bytesLeft -= chunk.length
      taken.sender.bodyBytes += chunk.length
      taken.bytes += chunk.length
      taken.parts.push(chunk)
    }
    return 'whole'
  } catch {
    return 'aborted'
  }
}

function giveBack({ bytes, sender }: Taken, budget: Budget): void {
  budget.bytesLeft += bytes
  sender.bodyBytes -= bytes
}

/**
 * Answers before the body is read to its end. The rest is taken off the wire and dropped, or the client would see a
 * reset connection in place of the answer; past as much again as a body may have, it is cut off.
 */
function refuse(request: IncomingMessage, response: ServerResponse, refused: OtlpResponse, deps: IngestDeps): void {
  send(response, refused)
  let bytesLeft = deps.options.maxBodyBytes
  request.on('error', () => {})
  request.on('data', (chunk: Buffer) => {
    bytesLeft -= chunk.length
    if (bytesLeft < 0) request.destroy()
  })
}

function send(response: ServerResponse, { status, headers, body }: OtlpResponse): void {
  const length = status === 204 ? {} : { 'content-length': body.length }
  response.writeHead(status, { ...headers, ...length })
  response.end(body)
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const cutOff = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(cutOff)
}
