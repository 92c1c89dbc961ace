import { expect, test } from 'vitest'
import { refusedOrigins } from '../../../local/server/refused-origins.ts'
import { runtimes } from '../harness.ts'

const { newHome, start } = runtimes()

/** A server that logs into a list. */
async function started(corsOrigins: string[] = []) {
  const logged: string[] = []
  const runtime = await start(
    newHome(),
    { corsOrigins },
    {
      log: (level, message, fields) => void logged.push(`${level} ${message} ${JSON.stringify(fields)}`),
    },
  )
  const preflight = async (origin: string, path = '/v1/traces') => {
    const headers = {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    }
    await fetch(runtime.url + path, { method: 'OPTIONS', headers })
  }
  return { runtime, logged, preflight }
}

test.each([
  ['without any that is allowed', []],
  ['beside one that is allowed', ['https://shop.example']],
])('an origin whose pages may not send, %s, is logged once with the option that allows it', async (_, allowed) => {
  const { logged, preflight } = await started(allowed)
  for (const origin of ['https://a.example', 'https://a.example', 'https://b.example']) await preflight(origin)
  expect(logged).toEqual([
    'warn pages of an origin that is not allowed want to send spans; allow it with --cors ORIGIN {"origin":"https://a.example"}',
    expect.stringContaining('{"origin":"https://b.example"}'),
  ])
})

test('no other question of a browser is logged', async () => {
  const { logged, preflight, runtime } = await started(['https://shop.example'])
  await preflight('https://shop.example')
  await preflight('https://a.example', '/metrics')
  await fetch(`${runtime.url}/v1/traces`, { method: 'OPTIONS' })
  expect(logged).toEqual([])
})

test('origins that somebody makes up do not fill the log', () => {
  const logged: unknown[] = []
  const refused = refusedOrigins((_level, _message, fields) => void logged.push(fields?.origin))
  for (let index = 0; index < 1_000; index++) refused(`https://${index}.example/${'x'.repeat(10_000)}`)
  expect(logged).toHaveLength(20)
  for (const origin of logged) expect(String(origin)).toHaveLength(200)
})
