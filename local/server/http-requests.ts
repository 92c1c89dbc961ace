import type { IncomingMessage, ServerResponse } from 'node:http'
import { isExperimentPath, MAX_EVENT_BYTES } from '../../shared/experiments/api.ts'
import { isIncidentPath } from '../../shared/incidents/api/api.ts'
import { isRefusedPreflight } from '../../shared/otlp/cors.ts'
import type { OtlpResponse, RequestHead } from '../../shared/otlp/http.ts'
import { type ApiRequest, type ApiResponse, errorBody, json } from '../../shared/pipeline/api-message.ts'
import {
  answerBug,
  type IngestDeps,
  type Refusal,
  refuseBusy,
  refuseHead,
  refuseTooLarge,
} from '../../shared/pipeline/ingest.ts'
import type { Sender, Senders } from '../fairness/senders.ts'
import { type InTurn, storeInTurn, type Taken } from '../fairness/store-in-turn.ts'
import type { AccessControl } from './access-control.ts'
import type { NoPlace } from './connection-places.ts'
import { NO_PLACE } from './connection-reasons.ts'
import type { Connections } from './connections.ts'
import { type Budget, dropBody, dropRest, giveBack, readRequestBody } from './http-bodies.ts'
import type { Asked } from './web-pages.ts'

/** What a page beside the traces answers to GET and HEAD. */
export interface PageResponse {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** What the answer may depend on. */
interface PageRequest {
  /** The `Accept` header, '' without one. */
  readonly accept: string
}

/** What requests are answered from. */
export interface Served extends InTurn {
  readonly senders: Senders
  readonly connections: Pick<Connections, 'count'>
  readonly budget: Budget
  readonly accessControl: AccessControl
  /** Answers the paths of experiments, stop conditions, incidents and mutes. */
  readonly api: (request: ApiRequest) => Promise<ApiResponse>
  /** By path: `/metrics`, `/healthz`. They are shown also where all connections are taken. */
  readonly pages: Readonly<Record<string, (request: PageRequest) => PageResponse | Promise<PageResponse>>>
  /** Told of an origin whose pages asked whether they may send spans, and may not. */
  readonly onRefusedOrigin: (origin: string) => void
  /** The body of a request without a place is read for this time at most. */
  readonly dropBodyMs: number
}

/** How a request comes. */
export interface Asking {
  /** It waits for `100 Continue` before it sends its body. */
  readonly expectsContinue: boolean
  /** Why its connection has no place, if so: only pages are shown then, and the connection ends. */
  readonly noPlace: NoPlace | undefined
}

/** A request whose sender may ask. */
interface Admitted extends Asking {
  readonly head: RequestHead
  readonly sender: Sender
}

const TRACES_PATH = '/v1/traces'

/** Answers one request, refused or not; throws nothing but bugs. */
export async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  asking: Asking,
  served: Served,
): Promise<void> {
  const path = pathOf(request)
  const head = headOf(request)
  const isApi = isExperimentPath(path) || isIncidentPath(path)
  const asks = path === TRACES_PATH ? 'spans' : isApi ? 'api' : 'page'
  if (asking.noPlace !== undefined) {
    response.setHeader('connection', 'close')
    if (!Object.hasOwn(served.pages, path)) return turnAway(request, response, { head, asks, ...asking }, served)
  }
  const { cors } = served.ingest.options
  if (asks === 'spans' && isRefusedPreflight(head, cors)) served.onRefusedOrigin(head.headers.origin ?? '')
  const address = request.socket.remoteAddress
  const caller = served.accessControl({ head, headers: request.headersDistinct, asks, address })
  if ('refused' in caller) return refuse(request, response, caller.refused, served.ingest)
  if (asks === 'page') return showPage(path, request, response, served)
  const sender = served.senders.enter(caller.name)
  try {
    if (asks === 'api') await answer(request, response, { head, sender, ...asking }, served)
    else await receive(request, response, { head, sender, ...asking }, served)
  } finally {
    served.senders.leave(sender)
  }
}

/** Answers 500 to a request on which `respond` threw. */
export function answerFault(request: IncomingMessage, response: ServerResponse, deps: IngestDeps): void {
  if (response.headersSent) response.destroy()
  else if (pathOf(request) === TRACES_PATH) send(response, answerBug(headOf(request), deps))
  else sendText(response, 500, 'internal error\n')
}

/** Answers 503 to a request that has no place, when its body has come or the time for that is over. */
async function turnAway(
  request: IncomingMessage,
  response: ServerResponse,
  { head, asks, expectsContinue, noPlace = 'full' }: Asking & { readonly head: RequestHead; readonly asks: Asked },
  { ingest: deps, dropBodyMs, connections }: Served,
): Promise<void> {
  if (!expectsContinue) await dropBody(request, dropBodyMs)
  if (request.socket.destroyed) return
  connections.count(noPlace, request.socket)
  const message = NO_PLACE[noPlace]
  if (asks === 'spans') return send(response, refuseBusy(head, { reason: 'connections', message }, deps))
  if (asks === 'api') return send(response, sendable(refusedBody('busy')))
  response.setHeader('retry-after', deps.options.retryAfterS)
  sendText(response, 503, `${message}\n`)
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { head, sender, expectsContinue }: Admitted,
  { api, ingest: deps, budget }: Served,
): Promise<void> {
  const { method, headers } = head
  const { pathname: path, searchParams: query } = new URL(request.url ?? '', 'http://local')
  if (expectsContinue) response.writeContinue()
  const taken: Taken = { sender, parts: [], bytes: 0 }
  try {
    const outcome = await readRequestBody(request, taken, MAX_EVENT_BYTES, budget)
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

async function showPage(path: string, request: IncomingMessage, response: ServerResponse, { pages }: Served) {
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined
  if (page === undefined) return sendText(response, 404, `nothing is at this path; traces go to POST ${TRACES_PATH}\n`)
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    return sendText(response, 405, 'only GET, HEAD is allowed here\n')
  }
  const { status, contentType, body } = await page({ accept: request.headers.accept ?? '' })
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  { head, sender, expectsContinue }: Admitted,
  served: Served,
): Promise<void> {
  const { ingest: deps, refusing, budget } = served
  const refuseSender = () => {
    const refusal = refusing(sender, 1, served.turns.heldBytes)
    return refusal === undefined ? undefined : refuseBusy(head, refusal, deps)
  }
  const refused = refuseHead(head, deps) ?? refuseSender()
  if (refused !== undefined) return refuse(request, response, refused, deps)
  if (expectsContinue) response.writeContinue()
  const taken: Taken = { sender, parts: [], bytes: 0 }
  try {
    const outcome = await readRequestBody(request, taken, deps.options.maxBodyBytes, budget)
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

/** Answers before the body is read to its end. */
function refuse(request: IncomingMessage, response: ServerResponse, refused: OtlpResponse, deps: IngestDeps): void {
  send(response, refused)
  dropRest(request, deps.options.maxBodyBytes)
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
