import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { serving } from '../serving.ts'
import { runInProcess } from './fake-terminal.ts'

/** Occurs in everything that nobody may see. */
const SECRET = 'zqsecret'
const ADDED = `${SECRET}-added-0123456789`

afterEach(() => {
  vi.unstubAllEnvs()
})

/** The same as an option and from the environment, since the library words its complaints differently. */
async function bothWays(command: readonly string[], option: string, variable: string, value: string) {
  const given = await runInProcess([...command, option, value])
  vi.stubEnv(variable, value)
  return [given, await runInProcess(command)]
}

describe('the mistake in an option', () => {
  const folder = mkdtempSync(join(tmpdir(), 'betrace-secrets-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const serve = ['serve', '--port', '0', '--data', join(folder, 'data')]
  const list = ['experiment', 'list']
  test.each([
    ['a header without a colon', serve, '--webhook-header', 'BETRACE_WEBHOOK_HEADER', `authorization ${SECRET}`],
    ['a header over two lines', serve, '--webhook-header', 'BETRACE_WEBHOOK_HEADER', `x-a: b\r\nx-b: ${SECRET}`],
    ['a header that HTTP does not have', serve, '--webhook-header', 'BETRACE_WEBHOOK_HEADER', `x-a: \x01${SECRET}`],
    ['a URL of another kind', serve, '--webhook', 'BETRACE_WEBHOOK', `ftp://${SECRET}@x/?token=${SECRET}`],
    ['a URL with a password', serve, '--webhook', 'BETRACE_WEBHOOK', `https://user:${SECRET}@hooks.example/`],
    ['a URL with a user alone', serve, '--webhook', 'BETRACE_WEBHOOK', `https://${SECRET}@hooks.example/`],
    ['a key that is too short', serve, '--api-key', 'BETRACE_API_KEY', SECRET],
    ['a key with a letter that no header has', serve, '--api-key', 'BETRACE_API_KEY', `${SECRET}-0123456789-ä`],
    ['a key over two lines', list, '--api-key', 'BETRACE_API_KEY', `${SECRET}\nx`],
    ['a key with a letter that no header has, sent', list, '--api-key', 'BETRACE_API_KEY', `${SECRET}-ключ`],
    ['an address with a password', list, '--url', 'BETRACE_URL', `http://user:${SECRET}@127.0.0.1:1`],
  ])('is said without its value: %s', async (_, command, option, variable, value) => {
    for (const { exitCode, out, err } of await bothWays(command, option, variable, value)) {
      expect(exitCode, err).toBe(2)
      expect(err.split('\n').length).toBeLessThan(4)
      expect(out + err).not.toContain(SECRET)
      expect(err).toContain(option)
    }
  })
})

test('no help shows what the environment holds', async () => {
  vi.stubEnv('BETRACE_API_KEY', ADDED)
  vi.stubEnv('BETRACE_WEBHOOK_HEADER', `authorization: ${SECRET}`)
  vi.stubEnv('BETRACE_WEBHOOK', `https://hooks.example/${SECRET}`)
  vi.stubEnv('BETRACE_URL', `http://${SECRET}.example`)
  for (const command of ['serve', 'experiment', 'verify', 'doctor', 'keys', 'connect']) {
    const { exitCode, out, err } = await runInProcess([command, '--help'])
    expect(exitCode).toBe(0)
    expect(out + err).not.toContain(SECRET)
  }
})

test('a key is sent to the server that was named, and to none that it points to', async () => {
  const seen: string[] = []
  const other = await serving((request, response) => {
    seen.push(JSON.stringify(request.headers))
    response.end('{"experiments": [], "more": 0}')
  })
  const named = await serving((_, response) => response.writeHead(307, { location: `${other}/v1/experiments` }).end())
  const { exitCode, out, err } = await runInProcess(['experiment', 'list', '--url', named, '--api-key', ADDED])
  expect([exitCode, seen]).toEqual([2, []])
  expect(err).toContain('307')
  expect(out + err).not.toContain(SECRET)
})

test('a key that is refused, or cannot be brought, is shown by no message', async () => {
  const refusing = await serving((request, response) => {
    const message = 'send a valid API key'
    response.writeHead(request.headers['x-api-key'] === undefined ? 500 : 401).end(JSON.stringify({ message }))
  })
  for (const url of [refusing, 'http://127.0.0.1:1']) {
    const { exitCode, out, err } = await runInProcess(['experiment', 'list', '--url', url, '--api-key', ADDED])
    expect(exitCode).toBe(2)
    expect(out + err).not.toContain(SECRET)
  }
})
