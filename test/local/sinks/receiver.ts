import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

interface ReceivedEvent {
  readonly headers: IncomingHttpHeaders
  readonly event: { readonly id: string; readonly type: string }
  /** As it came. */
  readonly body: string
}

export interface Receiver {
  readonly url: string
  readonly received: readonly ReceivedEvent[]
  /** Those of them that are signals. */
  signals(): readonly ReceivedEvent[]
  /** How the next requests are answered: a status, or `hang` for never. */
  answer: number | 'hang'
  retryAfter: string | undefined
  close(): Promise<void>
}

/** A web server on this machine that takes webhooks, and fails when told to. */
export async function newReceiver(): Promise<Receiver> {
  const received: ReceivedEvent[] = []
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const body = Buffer.concat(parts).toString()
    received.push({ headers: request.headers, event: JSON.parse(body), body })
    if (receiver.answer === 'hang') return
    if (receiver.retryAfter !== undefined) response.setHeader('retry-after', receiver.retryAfter)
    response.writeHead(receiver.answer).end('thanks')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/secret-token`,
    received,
    signals: () => received.filter(({ event }) => event.type.startsWith('dev.betrace.signal.')),
    answer: 200,
    retryAfter: undefined,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return receiver
}
