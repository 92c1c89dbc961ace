import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { DeployedFunction } from './functions.ts'

/*
 * What API Gateway does with a request of this stack: ask the authorizer, hand the body over in base64, map failures. Its
 * limits, throttling and own answers are asserted on the template, and proven only by a deployed stack.
 */

export interface LocalServer {
  readonly url: string
  stop(): void
}

const METHOD_ARN = 'arn:aws:execute-api:us-east-1:123456789012:api/main/POST/v1/traces'

/** The stack's HTTP side. */
export function startGateway(authorizer: DeployedFunction, ingest: DeployedFunction): Promise<LocalServer> {
  return listening(async (request) => {
    const headers = request.headers
    const decision = await authorizer.invoke({ headers, methodArn: METHOD_ARN }).catch((error: Error) => error)
    if (decision instanceof Error) return { status: decision.message === 'Unauthorized' ? 401 : 503 }
    if (decision.policyDocument.Statement[0].Effect === 'Deny') return { status: 413 }
    const body = (await buffer(request)).toString('base64')
    const event = { httpMethod: request.method, headers, body, isBase64Encoded: true }
    const answer = await ingest.invoke(event).catch(() => undefined)
    if (answer === undefined) return { status: 503 }
    return { status: answer.statusCode, headers: answer.headers, body: Buffer.from(answer.body, 'base64') }
  })
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

/** Serves on a free port of this machine. */
export async function listening(answer: (request: IncomingMessage) => Promise<Answer>): Promise<LocalServer> {
  const server: Server = createServer(async (request, response) => {
    const { status, headers, body } = await answer(request)
    response.writeHead(status, headers).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close().closeAllConnections() }
}
