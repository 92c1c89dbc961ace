import { text as textOf } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { isPublicAddress } from '../../../shared/aws/incidents/public-address.ts'
import { publicFetch } from '../../../shared/aws/incidents/public-fetch.ts'
import { httpSend } from '../../../shared/incidents/http-send.ts'
import { serving, stopServing } from '../../serving.ts'

type Options = NonNullable<Parameters<typeof publicFetch>[0]>
const sendBy = (options: Options, timeoutMs = 60_000) => httpSend({ fetch: publicFetch(options), timeoutMs })
const post = (url: string) => ({ kind: 'http', method: 'POST', url, headers: { 'x-key': 'k' }, body: '{}' }) as const

/** A fake: a test has no names to look up. */
const resolving =
  (...addresses: readonly string[]): NonNullable<Options['lookup']> =>
  (_host, _options, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )

describe('an address of the internet', () => {
  test('belongs to no machine, network or cloud of its own', () => {
    const inside = ['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0']
    const inside6 = ['::1', '::', 'fe80::1', 'fd00:ec2::254', '::ffff:10.0.0.1', '64:ff9b::a00:1', '2002:a00:1::']
    for (const address of [...inside, ...inside6, 'localhost', '']) {
      expect([address, isPublicAddress(address)]).toEqual([address, false])
    }
    for (const address of ['1.1.1.1', '172.32.0.1', '2606:4700:4700::1111', '::ffff:1.1.1.1']) {
      expect([address, isPublicAddress(address)]).toEqual([address, true])
    }
  })
})

describe('a request to a place that is not of the internet is refused', () => {
  test.each(['http://127.0.0.1:1/', 'http://[::1]/', 'http://2130706433/', 'https://169.254.169.254/latest/'])(
    '%s',
    async (url) => {
      expect(await sendBy({})(post(url))).toEqual({ failure: 'ENOTPUBLIC', unsure: false })
    },
  )

  test('also by a name, of which one such address is enough', async () => {
    for (const lookup of [resolving('10.0.0.1'), resolving('1.1.1.1', '::1')]) {
      expect(await sendBy({ lookup: lookup })(post('http://a.example/'))).toEqual({
        failure: 'ENOTPUBLIC',
        unsure: false,
      })
    }
  })
})

describe('a request that may be sent', () => {
  const anywhere: Options = { mayConnect: () => true }

  test('goes to the address that was checked', async () => {
    const url = await serving(async (request, response) => {
      const body = await textOf(request)
      response.writeHead(429, { 'retry-after': '3' }).end(`${request.headers.host} ${request.headers['x-key']} ${body}`)
    })
    const named = url.replace('127.0.0.1', 'a.example')
    const send = sendBy({ ...anywhere, lookup: resolving('127.0.0.1') })
    expect(await send(post(named))).toEqual({
      status: 429,
      retryAfter: '3',
      body: `${new URL(named).host} k {}`,
    })
  })

  test('follows no redirect, and may have an empty answer', async () => {
    const paths: string[] = []
    const url = await serving((request, response) => {
      paths.push(request.url ?? '')
      response.writeHead(request.url === '/none' ? 204 : 302, { location: '/elsewhere' }).end()
    })
    expect(await sendBy(anywhere)(post(`${url}/a`))).toEqual({ status: 302, body: '' })
    expect(await sendBy(anywhere)(post(`${url}/none`))).toEqual({ status: 204, body: '' })
    expect(paths).toEqual(['/a', '/none'])
  })

  test('may be unanswered', async () => {
    const silent = await serving(() => {})
    expect(await sendBy(anywhere, 20)(post(silent))).toEqual({ failure: 'no answer within 20 ms', unsure: true })
    const broken = await serving((request) => request.socket.destroy())
    expect(await sendBy(anywhere)(post(broken))).toEqual({ failure: 'ECONNRESET', unsure: true })
    stopServing()
    expect(await sendBy(anywhere)(post(silent))).toEqual({ failure: 'ECONNREFUSED', unsure: false })
  })
})
