import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One call to AWS as it passes: `DynamoDB_20120810.GetItem`, or method and path where no header names the action. */
export interface Call {
  readonly action: string
  /** From 1, over all calls since the faults were set. */
  readonly number: number
}

/** `lost`: the service never hears of the call; `answer-lost`: it does what is asked, and the caller never learns. */
export type Fate = 'served' | 'lost' | 'answer-lost'

/** A proxy between the functions and the emulators that decides the fate of each call. */
export interface FaultProxy {
  /** An address that forwards to a target. */
  address(target: string): Promise<string>
  /** From now on; calls are numbered from 1 again. */
  decide(fate: (call: Call) => Fate): void
  /** What was called since. */
  readonly calls: readonly Call[]
  stop(): void
}

export function startFaultProxy(): FaultProxy {
  let fate: (call: Call) => Fate = () => 'served'
  let calls: Call[] = []
  const servers: ReturnType<typeof createServer>[] = []
  const passing = (target: string) => (incoming: IncomingMessage, response: ServerResponse) => {
    const call = { action: actionOf(incoming), number: calls.length + 1 }
    calls.push(call)
    const fated = fate(call)
    if (fated === 'lost') incoming.socket.destroy()
    else forward(target, incoming, (answer) => answered(fated, answer, incoming, response))
  }
  return {
    async address(target) {
      const server = createServer(passing(target))
      servers.push(server)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    decide(next) {
      fate = next
      calls = []
    },
    get calls() {
      return calls
    },
    stop() {
      for (const server of servers) server.close().closeAllConnections()
    },
  }
}

function forward(target: string, incoming: IncomingMessage, onAnswer: (answer: IncomingMessage) => void): void {
  const { hostname, port } = new URL(target)
  const { method, url: path, headers } = incoming
  const outgoing = request({ hostname, port, method, path, headers: { ...headers, host: `${hostname}:${port}` } })
  outgoing.on('response', onAnswer)
  outgoing.on('error', () => incoming.socket.destroy())
  incoming.pipe(outgoing)
}

function answered(fated: Fate, answer: IncomingMessage, incoming: IncomingMessage, response: ServerResponse): void {
  if (fated === 'served') answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers))
  else answer.resume().on('end', () => incoming.socket.destroy())
}

function actionOf({ method, url, headers }: IncomingMessage): string {
  const target = headers['x-amz-target']
  return typeof target === 'string' ? target : `${method} ${url?.split('?')[0]}`
}
