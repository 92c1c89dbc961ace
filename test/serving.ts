import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

const servers = new Set<Server>()

/** Serves on a free port of this machine until the test has ended; returns the URL. */
export async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  servers.add(server)
  onTestFinished(stopServing)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Stops all servers of the test: nothing listens at their addresses from then on. */
export function stopServing(): void {
  for (const server of servers) server.close().closeAllConnections()
  servers.clear()
}
