import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WEBHOOK_SECRET } from '../../incidents/notify/reading.ts'
import { runInProcess } from '../fake-terminal.ts'
import { filesOf } from './files.ts'

const TEXT = `version: 1
receivers:
  hook:
    type: webhook
    url: \${HOOK_URL}
    secrets: ["\${HOOK_SECRET}"]
    headers: { authorization: "Bearer \${HOOK_TOKEN}" }
  other:
    type: webhook
    url: \${OTHER_URL}
`

let files: ReturnType<typeof filesOf>
let answers: number[] = []
const received: { readonly type: string; readonly authorization: string | undefined; readonly data: unknown }[] = []
const server = createServer(async (request, response) => {
  const { type, data } = JSON.parse(await textOf(request))
  received.push({ type, authorization: request.headers.authorization, data })
  response.writeHead(answers.shift() ?? 200).end('seen secret-path and token-0123')
})

beforeEach(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  vi.stubEnv('HOOK_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`)
  vi.stubEnv('HOOK_SECRET', WEBHOOK_SECRET)
  vi.stubEnv('HOOK_TOKEN', 'token-0123')
  files = filesOf({ 'notify.yaml': TEXT })
  received.length = 0
  answers = []
})

afterEach(() => {
  server.closeAllConnections()
  server.close()
  files.remove()
  vi.unstubAllEnvs()
})

const run = (...args: readonly string[]) => runInProcess(['notify', 'test', '-n', files.at('notify.yaml'), ...args])

describe('a test', () => {
  test('sends an opening that says it is one, and its end', async () => {
    const { exitCode, out, err } = await run('hook')
    expect(exitCode).toBe(0)
    expect(received).toMatchObject([
      {
        type: 'dev.betrace.incident.opened',
        authorization: 'Bearer token-0123',
        data: { test: true, severity: 'info' },
      },
      { type: 'dev.betrace.incident.resolved', data: { test: true, why: 'by-hand' } },
    ])
    expect(out).toContain('✓ hook took the opening\n')
    expect(out).toContain('✓ hook took the end\n')
    // Another receiver may lack its values here.
    expect(err).toContain('the variable OTHER_URL is not set')
  })

  test('shows requests and answers without the values that the file refers to', async () => {
    const { out } = await run('hook')
    expect(out).toContain('  POST ****\n  authorization: ****\n')
    expect(out).toContain('  answered 200\n')
    for (const value of ['token-0123', WEBHOOK_SECRET]) expect(out).not.toContain(value)
  })

  test('that is refused ends with 1, and sends no end', async () => {
    answers = [404]
    const { exitCode, out } = await run('hook', '--severity', 'critical')
    expect([exitCode, received.length]).toEqual([1, 1])
    expect(out).toContain('✗ hook refused the opening: answered 404')
  })

  test('that may have been taken is ended all the same', async () => {
    answers = [503]
    const { exitCode, out } = await run('hook')
    expect([exitCode, received.length]).toEqual([1, 2])
    expect(out).toContain('✗ hook did not take the opening, and may have it all the same: answered 503')
  })

  test('that is dry sends nothing', async () => {
    const { exitCode, out } = await run('hook', '--dry-run')
    expect([exitCode, received.length]).toEqual([0, 0])
    expect(out).toContain('"type": "dev.betrace.incident.opened"')
    expect(out).toContain('"type": "dev.betrace.incident.resolved"')
    expect(out).toMatch(/nothing was sent: this was a dry run\n$/)
  })
})

describe('nothing can be sent', () => {
  test('to a receiver that is not in the file', async () => {
    const { exitCode, err } = await run('hok')
    expect(exitCode).toBe(2)
    expect(err).toContain(`has no receiver named hok\n  did you mean hook?\n`)
  })

  test('to a receiver whose values are missing', async () => {
    const { exitCode, err } = await run('other')
    expect(exitCode).toBe(2)
    expect(err).toContain('other cannot be used\n  correct its settings, shown above\n')
  })
})
