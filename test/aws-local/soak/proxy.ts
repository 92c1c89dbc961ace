import { Agent, createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { divided } from './divide.ts'

/** One request of an SDK's client as it passes. */
export interface Call {
  /** The function and instance that calls. */
  readonly caller: string
  readonly service: 'dynamodb' | 'sqs' | 'sns' | 's3'
  /** `UpdateItem`, `PUT signals/…` */
  readonly action: string
  /** The trace it is about, where one is named; the first of several. */
  readonly subject: string
  /** An SDK that tries again says so. */
  readonly retried: boolean
  readonly body: Buffer
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer | string
}

/** What becomes of a call. `after` runs once the service has done what was asked, before the caller learns of it. */
export type Fate =
  | { readonly does: 'serve' | 'serve twice' | 'lose the answer'; readonly after?: () => Promise<void> | void }
  | { readonly does: 'lose' | 'stay silent' }
  | { readonly does: 'refuse'; readonly answer: Answer }
  /** Of a batch only the items taken (each as its text) reach the service; the answer names the others as failed. */
  | { readonly does: 'serve in part'; readonly takes: (item: string) => boolean }
  /** `onEnd` where the caller still waits then. */
  | { readonly does: 'hold'; readonly until: Promise<void>; readonly onEnd: () => void; readonly next: Fate }

export interface ProxyRules {
  readonly fate: (call: Call) => Fate
  /** Told of everything that a service did, also where the caller never learns. */
  readonly onDone: (call: Call, answer: Answer) => void
}

/** A proxy between the functions and the emulators; each instance has addresses of its own, so that calls can be attributed. */
export interface Proxy {
  address(target: string, caller: string): Promise<string>
  stop(): void
}

export function startProxy({ fate, onDone }: ProxyRules): Proxy {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const servers: ReturnType<typeof createServer>[] = []

  const serve = async (target: string, incoming: IncomingMessage, call: Call): Promise<Answer> => {
    const answer = await forward(agent, target, incoming, call.body)
    onDone(call, answer)
    return answer
  }
  const meet = async (
    met: Fate,
    target: string,
    incoming: IncomingMessage,
    call: Call,
  ): Promise<Answer | undefined> => {
    switch (met.does) {
      case 'refuse':
        return met.answer
      case 'lose':
        return undefined
      case 'stay silent':
        // Until the caller gives up and closes the connection.
        await new Promise((resolve) => incoming.socket.once('close', resolve))
        return undefined
      case 'hold':
        await met.until
        if (incoming.socket.destroyed) return undefined
        met.onEnd()
        return meet(met.next, target, incoming, call)
      case 'serve in part':
        return divided(call, met.takes, (body) => serve(target, incoming, { ...call, body }))
      default: {
        if (met.does === 'serve twice') await serve(target, incoming, call)
        const answer = await serve(target, incoming, call)
        await met.after?.()
        return met.does === 'lose the answer' ? undefined : answer
      }
    }
  }
  return {
    async address(target, caller) {
      const server = createServer(async (incoming, response) => {
        try {
          const call = callOf(caller, incoming, await buffer(incoming))
          const answer = await meet(fate(call), target, incoming, call)
          if (answer === undefined) incoming.socket.destroy()
          else response.writeHead(answer.status, withoutLength(answer.headers)).end(answer.body)
        } catch {
          incoming.socket.destroy()
        }
      })
      server.keepAliveTimeout = 0
      servers.push(server)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    stop() {
      for (const server of servers) server.close().closeAllConnections()
      agent.destroy()
    },
  }
}

function forward(
  agent: Agent,
  target: string,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): Promise<Answer> {
  const { hostname, port } = new URL(target)
  const own = { ...withoutLength(headers), host: `${hostname}:${port}`, 'content-length': body.length }
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, hostname, port, method, path: url, headers: own })
    outgoing.on('error', reject)
    outgoing.on('socket', (socket: Socket) => socket.setNoDelay(true))
    outgoing.on('response', (answer) => {
      const answered = (bytes: Buffer) =>
        resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: bytes })
      buffer(answer).then(answered, reject)
    })
    outgoing.end(body)
  })
}

/** Bodies pass whole; a checksum of the whole body would be wrong for a part of it. */
function withoutLength(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { 'content-length': _, 'transfer-encoding': __, connection: ___, 'x-amz-crc32': ____, ...rest } = headers
  return rest
}

function callOf(caller: string, { method, url = '', headers }: IncomingMessage, body: Buffer): Call {
  const retried = !/attempt=1(;|$)/.test(String(headers['amz-sdk-request'] ?? 'attempt=1'))
  const [target = '', action = ''] = String(headers['x-amz-target'] ?? '').split('.')
  if (target.startsWith('DynamoDB')) {
    const [, subject = ''] = /trace"\s*:\s*\{"S":"([^"]+)"/.exec(head(body)) ?? []
    return { caller, service: 'dynamodb', action, subject, retried, body }
  }
  if (target === 'AmazonSQS') {
    const [, subject = ''] = /traceId\\":\\"([0-9a-f]+)/.exec(head(body)) ?? []
    return { caller, service: 'sqs', action, subject, retried, body }
  }
  if (String(headers['content-type']).includes('urlencoded')) {
    const [, name = ''] = /Action=(\w+)/.exec(head(body)) ?? []
    const [, subject = ''] = /subject%22%3A%22([0-9a-f]+)/.exec(body.toString('latin1')) ?? []
    return { caller, service: 'sns', action: name, subject, retried, body }
  }
  return { caller, service: 's3', action: `${method} ${url.split('?')[0]}`, subject: '', retried, body }
}

function head(body: Buffer): string {
  return body.toString('latin1', 0, 100_000)
}
