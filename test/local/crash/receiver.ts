import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** Every this many requests one is refused, to be sent again. */
const REFUSED = 20

/** Takes in signals as a webhook: the ids under which each, as `trace id rule`, was delivered. */
export async function receiveSignals() {
  const delivered = new Map<string, Set<string>>()
  let deliveries = 0
  const server = createServer(async (request, response) => {
    const body = await text(request)
    if (++deliveries % REFUSED === 0) {
      response.writeHead(503).end()
      return
    }
    note(delivered, body)
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return { server, url, delivered, deliveries: () => deliveries }
}

/** Adds a signal, as JSON, to those that were delivered: its `signalid` and its CloudEvents `id`. */
export function note(delivered: Map<string, Set<string>>, event: string): void {
  const { data, signalid, id } = JSON.parse(event)
  // Incidents come to the same address.
  if (signalid === undefined) return
  const key = `${data.traceId} ${data.signal}`
  delivered.set(key, (delivered.get(key) ?? new Set()).add(`${signalid} ${id}`))
}
