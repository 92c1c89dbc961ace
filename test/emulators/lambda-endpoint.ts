import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

type Functions = Readonly<Record<string, (event: object) => Promise<unknown>>>

/** Answers Lambda's Invoke as its API reference has it, by functions of this process; the environment points to it. */
export async function startLambdaEndpoint(functions: Functions): Promise<{ stop(): void }> {
  const server = createServer(async (request, response) => {
    const [, name = ''] = /functions\/([^/]+)\/invocations/.exec(decodeURIComponent(request.url ?? '')) ?? []
    try {
      const answer = await functions[name.split(':').at(-1) ?? '']?.((await json(request)) as object)
      response.writeHead(200).end(JSON.stringify(answer ?? null))
    } catch (error) {
      const { name: errorType, message: errorMessage } = error as Error
      response.writeHead(200, { 'x-amz-function-error': 'Unhandled' }).end(JSON.stringify({ errorType, errorMessage }))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  process.env.AWS_ENDPOINT_URL_LAMBDA = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}
