import { text as textOf } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { httpSend } from '../../shared/incidents/http-send.ts'
import { serving, stopServing } from '../serving.ts'

const send = httpSend({ fetch: globalThis.fetch, timeoutMs: 60_000 })
const post = (url: string, headers: Readonly<Record<string, string>> = {}) =>
  ({ kind: 'http', method: 'POST', url, headers, body: '{"a":1}' }) as const

describe('a request', () => {
  test('is sent as it is, and its answer is returned', async () => {
    const url = await serving(async (request, response) => {
      const { method, url: path, headers } = request
      const body = await textOf(request)
      response.writeHead(429, { 'retry-after': '7' }).end(JSON.stringify([method, path, headers['x-key'], body]))
    })
    expect(await send(post(`${url}/hook`, { 'x-key': 'k' }))).toEqual({
      status: 429,
      retryAfter: '7',
      body: JSON.stringify(['POST', '/hook', 'k', '{"a":1}']),
    })
  })

  test('follows no redirect', async () => {
    const paths: string[] = []
    const url = await serving((request, response) => {
      paths.push(request.url ?? '')
      response.writeHead(307, { location: '/elsewhere' }).end()
    })
    expect(await send(post(`${url}/hook`))).toEqual({ status: 307, body: '' })
    expect(paths).toEqual(['/hook'])
  })

  test('reads 64 kB of an answer', async () => {
    const url = await serving((_, response) => response.end('x'.repeat(1_000_000)))
    expect(await send(post(url))).toEqual({ status: 200, body: 'x'.repeat(64 * 1024) })
  })

  test('has the status of an answer that breaks off', async () => {
    const url = await serving((_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy())
    })
    expect(await send(post(url))).toEqual({ status: 200, body: 'half' })
  })
})

describe('a request without an answer', () => {
  test('was not sent where no connection was made', async () => {
    const url = await serving(() => {})
    stopServing()
    expect(await send(post(url))).toEqual({ failure: 'ECONNREFUSED', unsure: false })
    expect(await send(post('http://127.0.0.1:9/'))).toEqual({ failure: 'bad port', unsure: false })
    expect(await send(post('not a url'))).toEqual({ failure: 'ERR_INVALID_URL', unsure: false })
  })

  test('was not sent to a name that is not known, or a server that is not trusted', async () => {
    for (const code of [
      'ENOTFOUND',
      'EAI_AGAIN',
      'UND_ERR_CONNECT_TIMEOUT',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'CERT_HAS_EXPIRED',
    ]) {
      // A fake: a test has no names to look up.
      const fetch = async () => {
        throw new TypeError('fetch failed', { cause: Object.assign(new Error('why'), { code }) })
      }
      expect(await httpSend({ fetch, timeoutMs: 1 })(post('https://a.example'))).toEqual({
        failure: code,
        unsure: false,
      })
    }
  })

  test('may have been taken where the connection was lost, or the time was over', async () => {
    const url = await serving((request) => request.socket.destroy())
    expect(await send(post(url))).toMatchObject({ failure: expect.stringMatching(/^\w+$/), unsure: true })
    const silent = await serving(() => {})
    const impatient = httpSend({ fetch: globalThis.fetch, timeoutMs: 20 })
    expect(await impatient(post(silent))).toEqual({ failure: 'no answer within 20 ms', unsure: true })
  })

  test('shows nothing of its headers', async () => {
    const end = await send(post('http://127.0.0.1:1/', { authorization: 'Bearer se\ncret' }))
    expect(JSON.stringify(end)).not.toContain('cret')
    expect(end).toMatchObject({ unsure: false })
  })

  test('to a service of AWS is not sent from elsewhere', async () => {
    const request = { kind: 'sns', topicArn: 'arn:aws:sns:x', message: 'm', attributes: {} } as const
    expect(await send(request)).toEqual({ failure: 'requests to sns are sent on AWS alone', unsure: false })
  })
})
