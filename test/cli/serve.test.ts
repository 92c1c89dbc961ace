import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { run } from '../../cli/program.ts'
import { fakeTerminal, runInProcess } from './fake-terminal.ts'
import { jsonRequest, traceIdOf } from './otlp.ts'

let folder: string
let rules: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'betrace-serve-'))
  rules = join(folder, 'shop.rules')
  await writeFile(rules, '// Signal: TOO_MANY_RETRIES (high)\ntrace.has(api.request).where(retries > 3)\n')
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** A span that breaks the rule and starts now: what is older than the judge window is archived, and not judged. */
function retried() {
  return { name: 'api.request', attributes: { retries: 5 }, startMs: Date.now() - Date.UTC(2026, 0, 1) }
}

/** Starts `betrace serve` on a free port; the test ends it with Ctrl-C. */
async function serve(data: string, ...args: readonly string[]) {
  const terminal = fakeTerminal()
  const options = ['--port', '0', '--rules', rules, '--data', join(folder, data), '--quiet-period', '50ms']
  const exitCode = run(['serve', ...options, ...args], terminal)
  onTestFinished(async () => {
    terminal.ctrlC.abort()
    await exitCode
  })
  const url = await vi.waitFor(() => {
    const found = /(http:\S+)\/v1\/traces/.exec(terminal.stderr.text())?.[1]
    if (found === undefined) throw new Error(`not started: ${terminal.stderr.text()}`)
    return found
  }, 15_000)
  const send = () =>
    fetch(`${url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(jsonRequest('retried', [retried()])),
    })
  return { terminal, exitCode, url, send }
}

test('a trace sent over HTTP is judged, its signal shown and logged, and Ctrl-C ends with exit code 0', async () => {
  const jsonl = join(folder, 'signals.jsonl')
  const { terminal, exitCode, url, send } = await serve('shown', '--jsonl', jsonl)
  expect((await send()).status).toBe(200)
  await vi.waitFor(() => expect(terminal.stdout.text()).toContain('HIGH TOO_MANY_RETRIES'), { timeout: 5000 })
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('betrace_spans_received_total 1')
  terminal.ctrlC.abort()
  expect(await exitCode).toBe(0)
  expect(terminal.stderr.text()).toContain('stopped after 1 span, 1 verdict on traces, 1 signal\n')
  const event = JSON.parse(await readFile(jsonl, 'utf8'))
  expect(event).toMatchObject({
    specversion: '1.0',
    data: { signal: 'TOO_MANY_RETRIES', traceId: traceIdOf('retried') },
  })
})

test('with JSON on standard output nothing else is written there', async () => {
  const { terminal, send } = await serve('piped', '--jsonl', '-')
  await send()
  await vi.waitFor(() => expect(terminal.stderr.text()).toContain('HIGH TOO_MANY_RETRIES'), { timeout: 5000 })
  expect(JSON.parse(terminal.stdout.text())).toMatchObject({ data: { signal: 'TOO_MANY_RETRIES' } })
})

test('with its log as JSON, every line of standard error is an object with its time', async () => {
  const terminal = fakeTerminal()
  const broken = join(folder, 'broken.rules')
  await writeFile(broken, '// Signal: BROKEN (low)\na &&\n')
  const own = ['--rules', rules, broken, '--data', join(folder, 'json'), '--log-format', 'json', '--jsonl', '-']
  const exitCode = run(['serve', '--port', '0', '--quiet-period', '50ms', ...own], terminal)
  await vi.waitFor(() => expect(terminal.stderr.text()).toContain('takes spans'), 15_000)
  const url = /"url":"(http:[^"]+)"/.exec(terminal.stderr.text())?.[1]
  const body = JSON.stringify(jsonRequest('logged', [retried()]))
  await fetch(`${url}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  await vi.waitFor(() => expect(terminal.stdout.text()).toContain('TOO_MANY_RETRIES'), { timeout: 5000 })
  terminal.ctrlC.abort()
  expect(await exitCode).toBe(0)
  const lines = terminal.stderr.text().trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      time: expect.stringMatching(/^20.*Z$/),
      level: 'warn',
      message: '1 rule in force, 1 rejected',
      problems: expect.stringContaining('broken.rules:2'),
    },
    {
      time: expect.anything(),
      level: 'info',
      message: 'takes spans',
      url,
      rules: `${rules} ${broken}`,
      data: join(folder, 'json'),
      asksForKey: false,
    },
    { time: expect.anything(), level: 'info', message: expect.stringMatching(/^stopped after 1 span/) },
  ])
})

test('a webhook gets the signal with the headers named', async () => {
  const received: unknown[] = []
  const hook = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const { type, data } = JSON.parse(Buffer.concat(parts).toString())
    received.push({ key: request.headers['x-key'], type, rule: data.signal ?? data.rule })
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    hook.closeAllConnections()
    hook.close()
  })
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hook`
  const { send } = await serve('hooked', '--webhook', url, '--webhook-header', 'x-key: secret')
  await send()
  const rule = { key: 'secret', rule: 'TOO_MANY_RETRIES' }
  const sent = expect.arrayContaining([
    { ...rule, type: 'dev.betrace.signal.firing' },
    { ...rule, type: 'dev.betrace.incident.opened' },
  ])
  await vi.waitFor(() => expect(received).toEqual(sent), { timeout: 5000 })
})

test('the environment holds several keys, so that the list of processes need not show one', async () => {
  vi.stubEnv('BETRACE_API_KEY', 'the-old-key-of-clients the-new-key-of-clients')
  onTestFinished(() => void vi.unstubAllEnvs())
  const { url } = await serve('keyed')
  const statusWith = async (key: string) =>
    (await fetch(`${url}/v1/invariants/health`, { headers: { 'x-api-key': key } })).status
  expect(await statusWith('the-old-key-of-clients')).toBe(200)
  expect(await statusWith('the-new-key-of-clients')).toBe(200)
  expect(await statusWith('the-old-key-of-clients the-new-key-of-clients')).toBe(401)
  expect((await stat(join(folder, 'keyed'))).mode & 0o777).toBe(0o700)
})

test('what a request may hold is an option', async () => {
  const { url, send } = await serve('limited', '--max-request-spans', '1')
  expect((await send()).status).toBe(200)
  const spans = [{ name: 'a' }, { name: 'b' }]
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify(jsonRequest('two', spans))
  expect((await fetch(`${url}/v1/traces`, { method: 'POST', headers, body })).status).toBe(413)
})

test.each([
  ['rules that do not exist', ['--rules', '/does/not/exist'], 'betrace: cannot read rules from /does/not/exist'],
  ['a signal log that cannot be opened', ['--jsonl', '/does/not/exist.jsonl'], 'betrace: cannot write signals to'],
  ['a quiet period without a unit', ['--quiet-period', '5'], 'Write a duration as 500ms, 5s, 2m, 1h or 90d.'],
  ['a limit that is no number', ['--max-request-spans', 'all'], 'Write a whole number from 1 on.'],
  ['a limit beyond what can be', ['--max-body-bytes', '9000000000'], 'maxBodyBytes: expected at most 1073741824'],
  ['room for fewer traces than a request', ['--max-waiting-per-sender', '9'], 'is less than maxRequestTraces (20000)'],
  ['a header without a name', ['--webhook-header', 'secret'], 'Write a header as "name: value".'],
])('%s: exit code 2 and one clear line', async (_what, args, message) => {
  const { exitCode, out, err } = await runInProcess(['serve', '--port', '0', '--data', join(folder, 'unused'), ...args])
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
  expect(err).toContain(message)
})

test('a port in use is named with what to do', async () => {
  const { url } = await serve('first')
  const port = new URL(url).port
  const { exitCode, err } = await runInProcess([
    'serve',
    '--port',
    port,
    '--rules',
    rules,
    '-d',
    join(folder, 'second'),
  ])
  expect({ exitCode, err }).toEqual({
    exitCode: 2,
    err: expect.stringContaining(`port ${port} of 127.0.0.1 is in use`),
  })
})
