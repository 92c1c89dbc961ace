import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { Runtime } from '../../local/runtime.ts'
import type { RuntimeSettingsInput } from '../../local/settings.ts'
import { encode } from '../otlp/otlp-proto.ts'
import { runtimes } from './harness.ts'
import { newReceiver } from './sinks/receiver.ts'

const { newHome, now, pass, start, stop } = runtimes()

/** Occurs in every part of a span that a client chooses; evidence may show it, nothing else. */
const CONTENT = 'zqcontent'
/** Occurs in keys, and in the addresses and headers of webhooks. */
const SECRET = 'zqsecret'
const KEY = `${SECRET}-api-key-0123456789`

const RULES = `// Signal: CHARGED (critical)
trace.has("${CONTENT}.charge").where(card == "${CONTENT}-card") and not trace.has("${CONTENT}.validate")
`
const BROKEN_RULE = `// Signal: BROKEN (low)\ntrace.has("${CONTENT}.charge").where("${CONTENT}" >> 3)\n`

/** What the process wrote to its standard error; nobody else may write to either stream. */
let logged: string
/** What was answered to whoever asked. */
let answered: string
beforeEach(() => {
  logged = ''
  answered = ''
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      logged += String(chunk)
      return true
    })
  }
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** A runtime that logs as it does for people, with a secret in everything that may hold one. */
async function startSecretly(
  settings: RuntimeSettingsInput = {},
  hook = 'http://127.0.0.1:9',
  rules = RULES,
  kept = false,
) {
  const screen = new PassThrough()
  const shown: Buffer[] = []
  screen.on('data', (part: Buffer) => shown.push(part))
  const headers = { authorization: `Bearer ${SECRET}`, 'x-token': SECRET }
  const webhooks = [{ url: `${hook}/${SECRET}?token=${SECRET}`, headers, maxAttempts: 2, timeoutMs: 50 }]
  const home = newHome(rules)
  const options = { log: undefined as never, screen, onRules: () => {} }
  const runtime = await start(home, { apiKeys: [KEY], webhooks, ...settings }, options, kept)
  return { runtime, home, shown: () => Buffer.concat(shown).toString() }
}

const attribute = (key: string, value = `${CONTENT}-${key}`) => ({ key, value: { stringValue: value } })

/** A span whose names, keys and values all hold the marker. */
function body(traceId = '11'.repeat(16)): Uint8Array {
  const span = {
    traceId: Buffer.from(traceId, 'hex'),
    spanId: Buffer.from('a'.repeat(8)),
    name: `${CONTENT}.charge`,
    traceState: `${CONTENT}=1`,
    startTimeUnixNano: String(BigInt(now()) * 1_000_000n),
    endTimeUnixNano: String(BigInt(now() + 5) * 1_000_000n),
    attributes: [attribute('card'), attribute(CONTENT), attribute('password', SECRET)],
    events: [{ timeUnixNano: '1', name: `${CONTENT}-event`, attributes: [attribute('exception.message')] }],
    status: { code: 2, message: `${CONTENT}-status` },
  }
  const resource = { attributes: [attribute('service.name'), attribute('host.name')] }
  return encode('TracesData', {
    resourceSpans: [{ resource, scopeSpans: [{ scope: { name: CONTENT }, spans: [span] }] }],
  })
}

/** Asks with the key unless told otherwise, and keeps what was answered. */
async function ask(
  runtime: Runtime,
  method: string,
  path: string,
  given: Uint8Array | string = '',
  headers: Record<string, string> = {},
) {
  const sent = { 'x-api-key': KEY, 'content-type': 'application/x-protobuf', ...headers }
  const content = method === 'GET' ? {} : { body: Buffer.from(given) }
  const response = await fetch(`${runtime.url}${path}`, { method, headers: sent, ...content })
  answered += `${[...response.headers].join('\n')}\n${await response.text()}\n`
  return response.status
}

/** Neither logs nor answers nor pages hold a marker, and something was logged or answered at all. */
async function expectNothingTold(runtime: Runtime): Promise<void> {
  expect([await ask(runtime, 'GET', '/metrics'), (await ask(runtime, 'GET', '/healthz')) < 504]).toEqual([200, true])
  expect(answered.length).toBeGreaterThan(1000)
  for (const text of [logged, answered]) {
    for (const marker of [CONTENT, SECRET, Buffer.from(SECRET).toString('base64').slice(0, 8)]) {
      const at = text.indexOf(marker)
      expect(at < 0 ? '' : text.slice(Math.max(0, at - 200), at + 100)).toBe('')
    }
  }
}

test('a server shows span content in signals alone, and its keys and webhooks in nothing', async () => {
  const receiver = await newReceiver()
  onTestFinished(() => receiver.close())
  const { runtime, shown } = await startSecretly({}, new URL(receiver.url).origin)
  expect(await ask(runtime, 'POST', '/v1/traces', body())).toBe(200)
  await pass(runtime, 20_000)
  expect(receiver.received[0]?.headers.authorization).toBe(`Bearer ${SECRET}`)
  expect(shown()).toContain(`${CONTENT}-card`)
  expect(shown()).not.toContain(SECRET)
  await expectNothingTold(runtime)
})

test('a server that refuses a request repeats nothing of it', async () => {
  const { runtime } = await startSecretly({ maxBodyBytes: 4_000 })
  for (const headers of [
    { 'x-api-key': `${SECRET}-wrong` },
    { 'x-api-key': '', authorization: `Bearer ${KEY}` },
    { 'x-api-key': '', authorization: `Basic ${SECRET}` },
  ]) {
    for (const path of ['/v1/traces', '/v1/experiments'])
      expect(await ask(runtime, 'POST', path, body(), headers)).toBe(401)
  }
  const bad: readonly (readonly [string | Uint8Array, Record<string, string>])[] = [
    [`${CONTENT} ${SECRET}`, {}],
    [body().subarray(0, -7), {}],
    [`{"resourceSpans": [{"scopeSpans": "${CONTENT}"}]}`, { 'content-type': 'application/json' }],
    [`{"resourceSpans": ${CONTENT}`, { 'content-type': 'application/json' }],
    [
      `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${CONTENT}","name":"${CONTENT}"}]}]}]}`,
      { 'content-type': 'application/json' },
    ],
    [`${CONTENT} ${SECRET}`, { 'content-encoding': 'gzip' }],
    [gzipSync(body()).subarray(0, -9), { 'content-encoding': 'gzip' }],
    [Buffer.alloc(5_000, CONTENT), {}],
    [gzipSync(Buffer.alloc(50_000, CONTENT)), { 'content-encoding': 'gzip' }],
  ]
  for (const [given, headers] of bad) await ask(runtime, 'POST', '/v1/traces', given, headers)
  // The answer names the wrong word to the sender; the log does not.
  for (const given of [`${SECRET}`, `{"action": "${SECRET}"}`, `{"action":"start","id":"a","at":"${SECRET}"}`]) {
    const headers = { 'content-type': 'application/json', 'x-api-key': KEY }
    expect((await fetch(`${runtime.url}/v1/experiments`, { method: 'POST', headers, body: given })).status).toBe(400)
  }
  await expectNothingTold(runtime)
})

test.each([
  ['refuses', 403],
  ['fails', 500],
  ['sends it elsewhere', 307],
  ['never answers', 'hang'],
] as const)('a webhook that %s is named by its host alone', async (_, answer) => {
  const receiver = await newReceiver()
  onTestFinished(() => receiver.close())
  receiver.answer = answer
  const { runtime } = await startSecretly({}, new URL(receiver.url).origin)
  await ask(runtime, 'POST', '/v1/traces', body())
  await pass(runtime, 20_000)
  await pass(runtime, 20_000)
  expect(logged).toMatch(new RegExp(`webhook delivery failed.*${new URL(receiver.url).host}`))
  await expectNothingTold(runtime)
})

test('a webhook that cannot be reached is named by its host alone', async () => {
  // 9 is a port that fetch itself refuses, 1 one that nobody listens on.
  for (const hook of ['http://127.0.0.1:9', 'http://127.0.0.1:2']) {
    const { runtime } = await startSecretly({}, hook)
    await ask(runtime, 'POST', '/v1/traces', body())
    await pass(runtime, 20_000)
    await pass(runtime, 20_000)
    expect(logged).toContain(`webhook="1 ${new URL(hook).host}"`)
    await expectNothingTold(runtime)
    await stop(runtime)
  }
})

test('a server that cannot store, archive or read its rules tells nothing of what it holds', async () => {
  const { runtime, home } = await startSecretly({ maxDatabaseBytes: 400_000 }, undefined, RULES, true)
  await ask(runtime, 'POST', '/v1/traces', body())
  const large = Buffer.alloc(300_000, `${CONTENT} `)
  const span = {
    traceId: Buffer.alloc(16, 1),
    spanId: Buffer.alloc(8, 1),
    name: CONTENT,
    attributes: [attribute('x', large.toString())],
  }
  const full = () =>
    ask(runtime, 'POST', '/v1/traces', encode('TracesData', { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }))
  let status = 200
  for (let tries = 0; tries < 200 && status === 200; tries += 1) {
    span.traceId = Buffer.alloc(16, tries + 1)
    span.attributes = [
      attribute('x', `${CONTENT} ${Buffer.from(crypto.getRandomValues(new Uint8Array(40_000))).toString('hex')}`),
    ]
    status = await full()
  }
  expect([status, logged]).toEqual([503, expect.stringContaining('spans are refused until the database has room')])
  rmSync(join(home.rules, 'seed.rules'))
  writeFileSync(join(home.rules, 'broken.rules'), BROKEN_RULE)
  for (const name of readdirSync(home.dataFolder).filter((entry) => entry.startsWith('archive'))) {
    rmSync(join(home.dataFolder, name), { recursive: true })
    writeFileSync(join(home.dataFolder, name), CONTENT)
  }
  await pass(runtime, 20_000).catch((error: unknown) => {
    logged += String(error)
  })
  await expectNothingTold(runtime)
})
