import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { runtimes } from '../../local/harness.ts'
import { runInProcess } from '../fake-terminal.ts'

const { newHome, start } = runtimes()
const KEY = 'a-key-of-the-server-0001'
const send = (...args: string[]) => runInProcess(['demo', '--requests', '24', '--pace', '0ms', '--endpoint', ...args])

async function listening(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = async () => {
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  }
  return { url: `http://127.0.0.1:${port}`, close }
}

test('sends the traffic of the shop to a server that runs, with its key', async () => {
  const runtime = await start(newHome(), { apiKeys: [KEY] })
  const { exitCode, out } = await send(runtime.url, '--api-key', KEY)
  expect(out).toMatch(/24 requests; \d+ of them carry a fault/)
  expect(out).toContain('all spans were taken')
  expect(out).toMatch(
    /by the packs expected-behaviour, resilience, failover:\n {2}betrace serve --rules rules .+optional-rules\n/,
  )
  expect(exitCode).toBe(0)
  expect(runtime.stats().timersWaiting).toBeGreaterThan(20)
})

test('refuses to begin where the server wants another key', async () => {
  const runtime = await start(newHome(), { apiKeys: [KEY] })
  const { exitCode, err } = await send(runtime.url, '--api-key', 'another-key-0000001')
  expect([exitCode, err]).toEqual([2, expect.stringMatching(/answered 401[\s\S]*--api-key/)])
  expect(runtime.stats().timersWaiting).toBe(0)
})

test('says where nothing answers, and what to start', async () => {
  const { url, close } = await listening(() => {})
  await close()
  const { exitCode, err } = await send(url)
  expect([exitCode, err]).toEqual([2, expect.stringMatching(/nothing answers at http:\/\/127[\s\S]*npm start/)])
})

test.each([
  ['a path', ['http://127.0.0.1:4318/v1/traces'], /without a path/],
  ['another protocol', ['ftp://127.0.0.1'], /http:\/\/host:port/],
  ['a scenario beside it', ['http://127.0.0.1:4318', '--scenario', 'retry-logic'], /--scenario/],
])('refuses %s', async (_, args, message) => {
  const { exitCode, err } = await send(...args)
  expect([exitCode, err]).toEqual([2, expect.stringMatching(message)])
})

test('says that spans were not taken, and why', async () => {
  let exports = 0
  const { url, close } = await listening((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(exports++ === 0 ? 200 : 400).end()
    })
  })
  const { exitCode, out } = await send(url)
  await close()
  expect([exitCode, out]).toEqual([1, expect.stringMatching(/exports? of spans failed: /)])
})
