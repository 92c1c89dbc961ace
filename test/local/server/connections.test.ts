import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { ConnectionLimits } from '../../../local/server/connection-limits.ts'
import { type RawConnection, rawConnection, type ServerOverrides, startServer } from './traces-server.ts'

const BODY = JSON.stringify({
  resourceSpans: [
    {
      scopeSpans: [{ spans: [{ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', name: 'a' }] }],
    },
  ],
})
const HEAD = 'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
const POST = `${HEAD}content-length: ${BODY.length}\r\n\r\n${BODY}`
/** A request whose body never comes, unless somebody writes it. */
const UNFINISHED = `${HEAD}expect: 100-continue\r\ncontent-length: ${BODY.length}\r\n\r\n`
const HEALTH = 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'
const pages = { '/healthz': () => ({ status: 200, contentType: 'text/plain', body: 'well' }) }

const start = (connections: Partial<ConnectionLimits>, more: ServerOverrides = {}) =>
  startServer({ pages, connections, ...more })

/** A connection with a request under way. */
async function busyConnection(port: number, from?: string): Promise<RawConnection> {
  const connection = rawConnection(port, from)
  connection.write(UNFINISHED)
  await connection.until('100 Continue')
  return connection
}

async function ask(port: number, request: string, from?: string): Promise<string> {
  const connection = rawConnection(port, from)
  connection.write(request)
  const answer = await connection.until('\r\n\r\n')
  connection.destroy()
  return answer
}

/** Opens 50 connections with a request each, says so by `sent`, and reads how the answers begin. */
const BURST = `
const { connect } = require('node:net')
const { parentPort, workerData: { port, request, sent } } = require('node:worker_threads')
const answers = []
let left = 50
const end = (answer) => {
  if (answers.push(answer) === 50) parentPort.postMessage(answers)
}
for (let index = 0; index < 50; index++) {
  const socket = connect(port, '127.0.0.1')
  socket.once('data', (data) => end(String(data).slice(0, 12)))
  socket.once('error', (error) => end(error.code))
  socket.write(request, () => {
    if (--left > 0) return
    Atomics.store(sent, 0, 1)
    Atomics.notify(sent, 0)
  })
}
`

const cuts = (server: { readonly connections: { state(): { readonly cuts: ReadonlyMap<string, number> } } }) =>
  Object.fromEntries([...server.connections.state().cuts].filter(([, count]) => count > 0))

describe('a server with as many connections as it may have', () => {
  test.each([
    ['never sent anything', ''],
    ['sent half a header', 'POST /v1/traces HTTP/1.1\r\nhost:'],
  ])('closes those that %s, the oldest first, and serves new ones', async (_, bytes) => {
    const server = await start({ maxConnections: 3 })
    const silent = [1, 2, 3].map(() => rawConnection(server.port))
    for (const connection of silent) connection.write(bytes)
    await vi.waitFor(() => expect(server.connections.state().idle).toBe(3))

    expect(await ask(server.port, POST)).toMatch(/^HTTP\/1.1 200 /)

    expect(await silent[0]?.closed()).toBe('')
    expect(cuts(server)).toEqual({ idle: 1 })
    expect(server.logged).toEqual([expect.stringContaining('raise --max-connections')])
  })

  test('reads what new connections bring before it closes them for others', async () => {
    const server = await start({ maxConnections: 3, reserved: 100 })
    const sent = new Int32Array(new SharedArrayBuffer(4))
    const clients = new Worker(BURST, { eval: true, workerData: { port: server.port, request: POST, sent } })
    onTestFinished(async () => void (await clients.terminate()))
    // Meanwhile this thread, and the server in it, stands still.
    Atomics.wait(sent, 0, 0, 10_000)
    const [answers] = (await once(clients, 'message')) as [readonly string[]]
    expect(answers.filter((answer) => !/^HTTP\/1\.1 (200|503)$/.test(answer))).toEqual([])
  })

  test('closes the idle one whose last request is longest ago', async () => {
    const server = await start({ maxConnections: 2 })
    const [first, second] = [rawConnection(server.port), rawConnection(server.port)]
    for (const connection of [first, second, first]) {
      connection.write(POST)
      await vi.waitFor(() => expect(server.connections.state()).toMatchObject({ busy: 0 }))
      await connection.until('{}')
    }
    await vi.waitFor(() => expect(server.counts['requests 200']).toBe(3))
    expect(await ask(server.port, HEALTH)).toMatch(/^HTTP\/1.1 200 /)
    await second.closed()
    first.write(HEALTH)
    expect(await first.until('well')).toContain('well')
  })

  test('answers 503 with Retry-After while all are busy, closes, and serves again when one has ended', async () => {
    const server = await start({ maxConnections: 2 })
    const busy = [await busyConnection(server.port), await busyConnection(server.port)]

    const refused = rawConnection(server.port)
    refused.write(POST)
    const answer = await refused.closed()

    expect(answer).toMatch(/^HTTP\/1.1 503 /)
    expect(answer).toMatch(/^retry-after: 2\r$/im)
    expect(answer).toMatch(/^connection: close\r$/im)
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 14 })
    expect(cuts(server)).toEqual({ full: 1 })
    expect(server.counts['requests 503']).toBe(1)
    expect(server.logged).toEqual([expect.stringContaining('--max-connections')])
    busy[0]?.write(BODY)
    await busy[0]?.until('{}')
    expect(await ask(server.port, POST)).toMatch(/^HTTP\/1.1 200 /)
    busy[1]?.write(BODY)
    expect(await busy[1]?.until('{}')).toContain('HTTP/1.1 200 ')
  })

  test.each([
    ['the API', '/v1/experiments', 503, 'application/json; charset=utf-8'],
    ['a page that is not there', '/nothing', 503, 'text/plain; charset=utf-8'],
    ['health', '/healthz', 200, 'text/plain'],
  ])('answers a request to %s in its own type', async (_, path, status, type) => {
    const server = await start({ maxConnections: 1 })
    await busyConnection(server.port)
    const response = await fetch(server.url + path)
    expect([response.status, response.headers.get('content-type')]).toEqual([status, type])
    expect(response.headers.get('connection')).toBe('close')
    if (status === 503) expect(response.headers.get('retry-after')).toBe('2')
  })

  test('lets a client see the 503 that is still sending', async () => {
    const server = await start({ maxConnections: 1 })
    await busyConnection(server.port)
    const body = ' '.repeat(4 * 1024 * 1024)
    const response = await fetch(`${server.url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    expect(response.status).toBe(503)
  })

  test('answers 503 to a client that never ends its body', async () => {
    const server = await start({ maxConnections: 1 }, { limits: { dropBodyMs: 1 } })
    await busyConnection(server.port)
    expect(await ask(server.port, `${HEAD}content-length: 9\r\n\r\n{`)).toMatch(/^HTTP\/1.1 503 /)
  })

  test('answers 503 at once to a client that asks before it sends', async () => {
    const server = await start({ maxConnections: 1 })
    await busyConnection(server.port)
    expect(await ask(server.port, UNFINISHED)).toMatch(/^HTTP\/1.1 503 /)
  })

  test('shows its health, however many others wait without a place', async () => {
    const server = await start({ maxConnections: 1, reserved: 2 })
    const busy = await busyConnection(server.port)
    const silent = [1, 2, 3, 4].map(() => rawConnection(server.port))
    const slow = [1, 2].map(() => rawConnection(server.port))
    for (const connection of slow) connection.write(`${HEAD}content-length: 9\r\n\r\n{`)

    expect(await ask(server.port, HEALTH)).toMatch(/^HTTP\/1.1 200 /)

    for (const connection of silent) expect(await connection.closed()).toBe('')
    expect(cuts(server)).toMatchObject({ dropped: 5 })
    busy.write(BODY)
    expect(await busy.until('{}')).toContain('HTTP/1.1 200 ')
  })

  test('gives a place to one that waited without, where there is one when its request comes', async () => {
    const server = await start({ maxConnections: 1 })
    const busy = await busyConnection(server.port)
    const waiting = rawConnection(server.port)
    await vi.waitFor(() => expect(server.connections.state().reserved).toBe(1))
    busy.write(BODY)
    await busy.until('{}')
    waiting.write(POST)
    expect(await waiting.until('{}')).toContain('HTTP/1.1 200 ')
    waiting.write(HEALTH)
    expect(await waiting.until('well')).toContain('well')
  })

  test('closes one whose body comes too slowly, and none whose body comes well', async () => {
    let nowMs = 0
    const server = await start({ maxConnections: 2 }, { stopwatch: () => nowMs })
    const quick = rawConnection(server.port)
    quick.write(`${HEAD}content-length: 9000\r\n\r\n${' '.repeat(8000)}`)
    await vi.waitFor(() => expect(server.connections.state().busy).toBe(1))
    const slow = await busyConnection(server.port)
    slow.write(BODY.slice(0, 100))
    expect(await ask(server.port, POST)).toMatch(/^HTTP\/1.1 503 /)

    nowMs = 5_001
    expect(await ask(server.port, POST)).toMatch(/^HTTP\/1.1 200 /)

    await slow.closed()
    expect(cuts(server)).toMatchObject({ slow: 1, full: 1 })
    quick.write(`{}${' '.repeat(998)}`)
    expect(await quick.until('{}')).toContain('HTTP/1.1 200 ')
  })

  test('keeps one that waits for its answer, however long that takes', async () => {
    let nowMs = 0
    let answer = (_: { status: number; headers: Record<string, string>; body: string }) => {}
    const api = () =>
      new Promise<{ status: number; headers: Record<string, string>; body: string }>((resolve) => {
        answer = resolve
      })
    const server = await start({ maxConnections: 1 }, { stopwatch: () => nowMs, api })
    const waiting = rawConnection(server.port)
    waiting.write('GET /v1/experiments HTTP/1.1\r\nhost: x\r\n\r\n')
    await vi.waitFor(() => expect(server.connections.state().busy).toBe(1))
    nowMs = 3_600_000
    expect(await ask(server.port, POST)).toMatch(/^HTTP\/1.1 503 /)
    answer({ status: 200, headers: {}, body: 'late' })
    expect(await waiting.until('late')).toContain('HTTP/1.1 200 ')
  })
})

describe('an address with as many connections as one may have', () => {
  test('is answered 503, and others are served', async () => {
    const server = await start({ maxPerAddress: 1 })
    await busyConnection(server.port, '127.0.0.2')
    expect(await ask(server.port, POST, '127.0.0.2')).toMatch(/^HTTP\/1.1 503 /)
    expect(await ask(server.port, POST, '127.0.0.3')).toMatch(/^HTTP\/1.1 200 /)
    expect(cuts(server)).toEqual({ address: 1 })
    expect(server.logged).toEqual([expect.stringContaining('--max-connections-per-address')])
  })

  test('has its own idle ones closed for its new ones, not those of others', async () => {
    const server = await start({ maxPerAddress: 1 })
    const other = rawConnection(server.port, '127.0.0.3')
    const idle = rawConnection(server.port, '127.0.0.2')
    await vi.waitFor(() => expect(server.connections.state().idle).toBe(2))
    expect(await ask(server.port, POST, '127.0.0.2')).toMatch(/^HTTP\/1.1 200 /)
    expect(await idle.closed()).toBe('')
    other.write(POST)
    expect(await other.until('{}')).toContain('HTTP/1.1 200 ')
  })
})

describe('requests that are sent without waiting for answers', () => {
  const startCounting = (connections: Partial<ConnectionLimits>) => {
    const seen: string[] = []
    let running = 0
    let most = 0
    const api = async ({ path }: { readonly path: string }) => {
      most = Math.max(most, ++running)
      seen.push(path)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      return { status: 200, headers: {}, body: path }
    }
    return { server: start(connections, { api }), seen, most: () => most }
  }
  const get = (index: number) => `GET /v1/experiments/${index} HTTP/1.1\r\nhost: x\r\n\r\n`

  test('are served one after the other, and answered in the order of arrival', async () => {
    const counted = startCounting({ maxPipelined: 16 })
    const connection = rawConnection((await counted.server).port)
    connection.write(Array.from({ length: 17 }, (_, index) => get(index)).join(''))
    const answers = await connection.until('/16')
    expect([...answers.matchAll(/\/v1\/experiments\/(\d+)/g)].map(([, index]) => Number(index))).toEqual(
      Array.from({ length: 17 }, (_, index) => index),
    )
    expect(counted.most()).toBe(1)
  })

  test('beyond 16 waiting have their connection cut off, before many are served', async () => {
    const counted = startCounting({ maxPipelined: 16 })
    const server = await counted.server
    const connection = rawConnection(server.port)
    connection.write(Array.from({ length: 1_000 }, (_, index) => get(index)).join(''))
    await connection.closed()
    expect(counted.seen.length).toBeLessThan(3)
    expect(cuts(server)).toEqual({ pipelined: 1 })
    expect(await ask(server.port, HEALTH)).toMatch(/^HTTP\/1.1 200 /)
  })
})

test('a client that does not finish its headers, or does not begin them, is cut off and counted', async () => {
  const server = await start({}, { limits: { headersTimeoutMs: 40, requestTimeoutMs: 80, timeoutCheckMs: 20 } })
  const [silent, slow] = [rawConnection(server.port), rawConnection(server.port)]
  slow.write('POST /v1/traces HTTP/1.1\r\nhost:')
  for (const connection of [silent, slow]) expect(await connection.closed()).toMatch(/^HTTP\/1.1 408 /)
  expect(cuts(server)).toEqual({ slow: 2 })
})

test('a connection is kept for longer than SDKs wait between exports, and is counted nowhere once it is closed', async () => {
  const server = await start({})
  expect(await ask(server.port, POST)).toMatch(/^keep-alive: timeout=65\r$/im)
  const busy = await busyConnection(server.port)
  busy.destroy()
  await vi.waitFor(() => expect(server.connections.state()).toMatchObject({ idle: 0, busy: 0, reserved: 0 }))
  expect(cuts(server)).toEqual({})
})
