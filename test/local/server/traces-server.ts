import { connect } from 'node:net'
import { onTestFinished } from 'vitest'
import { Senders } from '../../../local/fairness/senders.ts'
import { CONNECTION_LIMITS, type ConnectionLimits } from '../../../local/server/connection-limits.ts'
import { Connections } from '../../../local/server/connections.ts'
import {
  HTTP_LIMITS,
  type HttpLimits,
  type HttpOptions,
  type HttpServer,
  serveHttp,
} from '../../../local/server/http.ts'
import { readBody } from '../../../shared/otlp/read-body.ts'
import { INGEST_OPTIONS, type IngestDeps } from '../../../shared/pipeline/ingest.ts'
import type { Counted } from '../../../shared/pipeline/ports.ts'
import { MemoryBuffer } from '../../pipeline/memory-stores.ts'

/** A real server on a free port over a buffer in memory, closed when the test ends. */
export interface TracesServer {
  readonly server: HttpServer
  readonly port: number
  readonly url: string
  readonly buffer: MemoryBuffer
  /** `name label…` to what was counted. */
  readonly counts: Record<string, number>
  readonly errors: unknown[]
  readonly connections: Connections
  /** Lines of the log, without its fields. */
  readonly logged: string[]
  /** Origins whose pages asked in vain. */
  readonly origins: string[]
}

export interface ServerOverrides {
  readonly port?: number
  readonly limits?: Partial<HttpLimits>
  readonly connections?: Partial<ConnectionLimits>
  /** For how long a request has been slow. */
  readonly stopwatch?: () => number
  readonly ingest?: Partial<IngestDeps>
  readonly pages?: HttpOptions['pages']
  readonly apiKeys?: readonly string[]
  readonly api?: HttpOptions['api']
  readonly host?: string
  readonly refusing?: HttpOptions['refusing']
  readonly bodies?: HttpOptions['bodies']
}

export async function startServer(overrides: ServerOverrides = {}): Promise<TracesServer> {
  const buffer = new MemoryBuffer()
  const counts: Record<string, number> = {}
  const errors: unknown[] = []
  const logged: string[] = []
  const origins: string[] = []
  const connectionLimits = { ...CONNECTION_LIMITS, ...overrides.connections }
  const log = (_level: string, message: string) => void logged.push(message)
  const connections = new Connections(connectionLimits, log, overrides.stopwatch)
  const add = <Name extends keyof Counted>(name: Name, labels: Counted[Name], amount = 1) => {
    const key = [name, ...Object.values(labels)].join(' ')
    counts[key] = (counts[key] ?? 0) + amount
  }
  const server = await serveHttp({
    senders: new Senders({ maxWaitingPerSender: 1_000, maxBehindMs: 1_000 }, 0, () => 0),
    bodies: overrides.bodies ?? { read: async (...args) => readBody(...args) },
    refusing: overrides.refusing ?? (() => undefined),
    host: overrides.host ?? '127.0.0.1',
    port: overrides.port ?? 0,
    ingest: {
      buffer,
      clock: () => 1_700_000_000_000,
      metrics: { add, observe: () => {} },
      options: INGEST_OPTIONS,
      onStorageFailure: (error) => errors.push(error),
      ...overrides.ingest,
    },
    apiKeys: overrides.apiKeys ?? [],
    api: overrides.api ?? (async () => ({ status: 404, headers: {}, body: '' })),
    pages: overrides.pages ?? {},
    limits: { ...HTTP_LIMITS, closeGraceMs: 50, ...overrides.limits },
    connections,
    onRefusedOrigin: (origin) => origins.push(origin),
    onError: (error) => errors.push(error),
  })
  onTestFinished(() => server.close())
  const url = `http://127.0.0.1:${server.port}`
  return { server, port: server.port, url, buffer, counts, errors, connections, logged, origins }
}

/** A connection to write anything to. */
export interface RawConnection {
  write(data: string | Uint8Array): void
  /** Everything received, once `text` is in it or the connection is closed. */
  until(text: string): Promise<string>
  /** Everything received, once the server has closed the connection. */
  closed(): Promise<string>
  destroy(): void
}

/** `from`: which address of this machine it comes from. */
export function rawConnection(port: number, from = '127.0.0.1'): RawConnection {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from })
  let received = ''
  let isClosed = false
  let wake = () => {}
  socket.on('data', (data) => {
    received += data.toString('latin1')
    wake()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    isClosed = true
    wake()
  })
  onTestFinished(() => {
    socket.destroy()
  })
  const waitFor = async (text: string | undefined) => {
    while (!isClosed && (text === undefined || !received.includes(text))) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return received
  }
  return {
    write: (data) => void socket.write(data),
    until: waitFor,
    closed: () => waitFor(undefined),
    destroy: () => void socket.destroy(),
  }
}
