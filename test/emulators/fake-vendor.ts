import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import type { OutgoingRequest, RequestEnd, Send } from '../../shared/incidents/receivers/receiver.ts'

/** A request as a vendor gets it. */
export interface VendorRequest {
  readonly method: string
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface VendorAnswer {
  readonly status: number
  readonly body: string
  readonly contentType?: string
  /** Seconds. */
  readonly retryAfter?: string
}

/** What becomes of one request. */
export type VendorFault =
  /** It is not applied; so it is answered. */
  | { readonly kind: 'answered'; readonly answer: VendorAnswer }
  /** It does not arrive, or it is applied and the answer is lost, or it is applied by `landLate` only. */
  | { readonly kind: 'lost' | 'answer-lost' | 'late' }
  /** It arrives twice. */
  | { readonly kind: 'twice' }

/**
 * The ground of fakes of vendors that cannot be run here. A fake is built from its vendor's documents and applies their
 * limits strictly; that the vendor itself does the same was not seen.
 */
export class FakeVendor {
  /** All requests that arrived, also those that were not applied. */
  readonly requests: VendorRequest[] = []
  /** Of the next requests, one each. */
  readonly faults: VendorFault[] = []
  /** What becomes of requests that have no such fault. */
  faultOf: (request: VendorRequest) => VendorFault | undefined = () => undefined
  /** How long a request is on its way, and its answer; through a socket alone. */
  delayMs: () => number = () => 0
  private readonly apply: (request: VendorRequest) => VendorAnswer
  private readonly late: VendorRequest[] = []
  private server: Server | undefined

  constructor(apply: (request: VendorRequest) => VendorAnswer) {
    this.apply = apply
  }

  /** Takes requests of receivers without a socket. */
  readonly send: Send = async (outgoing: OutgoingRequest): Promise<RequestEnd> => {
    if (outgoing.kind !== 'http') return { failure: `a web server takes no ${outgoing.kind}`, unsure: false }
    const { pathname, search } = new URL(outgoing.url)
    const headers = Object.fromEntries(
      Object.entries(outgoing.headers).map(([name, value]) => [name.toLowerCase(), value]),
    )
    const answer = this.arrive({ method: outgoing.method, path: `${pathname}${search}`, headers, body: outgoing.body })
    if (answer === undefined) return { failure: 'no answer', unsure: true }
    const { status, body, retryAfter } = answer
    return { status, body, ...(retryAfter === undefined ? {} : { retryAfter }) }
  }

  /** Listens on this machine and returns the address. */
  async listen(port = 0): Promise<string> {
    this.server = createServer(async (incoming, response) => {
      const { method = '', url = '' } = incoming
      const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]))
      const request = { method, path: url, headers, body: await textOf(incoming) }
      await this.delay()
      const answer = this.arrive(request)
      await this.delay()
      if (answer === undefined) return void incoming.socket.destroy()
      const { status, body, contentType = 'application/json', retryAfter } = answer
      const wait = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
      response.writeHead(status, { 'content-type': contentType, ...wait }).end(body)
    })
    this.server.listen(port, '127.0.0.1')
    await once(this.server, 'listening')
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  close(): void {
    this.server?.close().closeAllConnections()
  }

  /** Applies what is late, as a network may do long after the sender stopped waiting. */
  landLate(): void {
    for (const request of this.late.splice(0)) this.apply(request)
  }

  private async delay(): Promise<void> {
    const ms = this.delayMs()
    if (ms > 0) await pause(ms)
  }

  /** Undefined where the sender gets no answer. */
  private arrive(request: VendorRequest): VendorAnswer | undefined {
    const fault = this.faults.shift() ?? this.faultOf(request)
    if (fault?.kind === 'lost') return undefined
    this.requests.push(request)
    if (fault?.kind === 'answered') return fault.answer
    if (fault?.kind === 'late') {
      this.late.push(request)
      return undefined
    }
    if (fault?.kind === 'twice') this.apply(request)
    const answer = this.apply(request)
    return fault?.kind === 'answer-lost' ? undefined : answer
  }
}

/** What a body in JSON holds; undefined for anything else. */
export function jsonIn(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** An answer in JSON. */
export function jsonAnswer(status: number, value: unknown): VendorAnswer {
  return { status, body: JSON.stringify(value) }
}
