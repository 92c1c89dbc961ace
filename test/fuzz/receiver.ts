import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { webhookQueue } from '../../local/sinks/webhook.ts'
import { Database } from '../../local/sqlite/database.ts'
import type { PublishedEvent } from '../../shared/pipeline/signal.ts'
import type { Random } from '../pipeline/model/random.ts'
import { mutatedBytes } from './mutate-bytes.ts'
import { type OpenTarget, type Target, violate } from './target.ts'

/** The other side of outgoing webhooks. */
export const receiver: Target = {
  name: 'receiver',
  about:
    'receivers of webhooks that answer garbage, drip, redirect, never end or close early: bounded, kept, sent nowhere else',
  open,
}

const TIMEOUT_MS = 150
/** Scheduling on a busy machine, over the timeout. */
const SLACK_MS = 5_000
const EVENT = { id: 'a.live.1', type: 'dev.betrace.signal.firing' } as unknown as PublishedEvent

/** How a receiver goes on after its first bytes; the first byte of an input. */
const AFTER = ['close', 'reset', 'hang', 'drip', 'flood'] as const
type After = (typeof AFTER)[number]

async function open(): Promise<OpenTarget> {
  let plan: { readonly answer: Uint8Array; readonly after: After } = { answer: Buffer.alloc(0), after: 'close' }
  let requests = 0
  let elsewhere = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
    socket.once('data', () => {
      requests++
      reply(socket, plan.answer, plan.after)
    })
  })
  const other = createServer((socket) => {
    elsewhere++
    socket.destroy()
  })
  const port = await listening(server)
  const otherPort = await listening(other)
  return {
    generate: (random) => generate(random, otherPort),
    async check(input) {
      plan = { after: AFTER[(input[0] ?? 0) % AFTER.length] as After, answer: input.subarray(1) }
      requests = 0
      elsewhere = 0
      await deliver(`http://127.0.0.1:${port}/hook`)
      for (const socket of sockets) socket.destroy()
      // None where a connection that was kept alive breaks just then: the delivery is tried again.
      if (requests > 1) violate(`one delivery made ${requests} requests`)
      if (elsewhere > 0) violate('a redirect was followed')
    },
    bounds: { ms: () => 2_000, allocatedBytes: () => 128 * 1024 * 1024 },
    async close() {
      for (const each of [server, other]) each.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** One attempt: it ends in time, and the event is delivered and gone, or kept for another attempt, or set aside. */
async function deliver(url: string): Promise<void> {
  const database = new Database(':memory:', 1024 ** 3)
  try {
    const settings = {
      url,
      headers: {},
      secrets: [],
      timeoutMs: TIMEOUT_MS,
      maxAttempts: 3,
      retryDelayMs: 1_000,
      maxRetryDelayMs: 5_000,
    }
    const reasons: unknown[] = []
    const webhook = webhookQueue(0, settings, {
      database,
      clock: () => 1_000,
      log: (_level, _message, fields) => reasons.push(fields?.reason),
      fetch,
      random: () => 0.5,
    })
    await database.write(() => webhook.enqueue([EVENT]))
    const startMs = performance.now()
    await webhook.runDue()
    const ms = performance.now() - startMs
    if (ms > TIMEOUT_MS + SLACK_MS) violate(`an attempt took ${ms.toFixed(0)} ms with a timeout of ${TIMEOUT_MS}`)
    const { delivered, retried, failed } = webhook.counts
    const { waiting, setAside } = webhook.backlog()
    const fates = [
      delivered === 1 && waiting + setAside === 0,
      retried === 1 && waiting === 1,
      failed === 1 && setAside === 1,
    ]
    if (fates.filter(Boolean).length !== 1)
      violate(`the event was lost: ${JSON.stringify({ ...webhook.counts, waiting, setAside })}`)
    for (const reason of reasons) if (/\p{Cc}/u.test(String(reason))) violate('a reason holds control characters')
  } finally {
    database.close()
  }
}

function reply(socket: Socket, answer: Uint8Array, after: After): void {
  socket.write(answer)
  const chunk = Buffer.alloc(after === 'flood' ? 64 * 1024 : 1, 0x61)
  if (after === 'close') socket.end()
  else if (after === 'reset') socket.resetAndDestroy()
  else if (after === 'drip') {
    const timer = setInterval(() => socket.write(chunk), 5)
    socket.once('close', () => clearInterval(timer))
  } else if (after === 'flood') {
    const more = () => {
      while (!socket.destroyed && socket.write(chunk));
    }
    socket.on('drain', more)
    more()
  }
}

const STATUSES = [
  '200 OK',
  '204 No Content',
  '301 Moved',
  '302 Found',
  '307 Temporary',
  '308 Permanent',
  '400 Bad',
  '429 Many',
  '500 Oops',
  '503 Busy',
  '999 Odd',
  '99 Low',
  '1000 High',
  '100 Continue',
  '101 Switching',
]

function generate(random: Random, otherPort: number): Uint8Array {
  const headers = [
    'content-length: 2',
    'content-length: 99999999999999999999',
    'content-length: -1',
    'transfer-encoding: chunked',
    'content-encoding: gzip',
    'content-encoding: zstd',
    'connection: keep-alive',
    `location: http://127.0.0.1:${otherPort}/`,
    'location: file:///etc/passwd',
    'retry-after: 999999999',
    'retry-after: -1',
    'retry-after: \u0001',
    'set-cookie: a=b',
    `x-long: ${'a'.repeat(random.pick([10, 20_000, 200_000]))}`,
    'x\u0000: y',
  ]
  const chosen = headers.filter(() => random.chance(0.2))
  if (random.chance(0.3)) chosen.push(`location: http://127.0.0.1:${otherPort}/`)
  const head = Buffer.from(
    `HTTP/1.1 ${random.pick(STATUSES)}\r\n${chosen.map((header) => `${header}\r\n`).join('')}\r\n`,
    'latin1',
  )
  const body = Buffer.from(
    random.pick(['', 'ok', '2\r\nok\r\n0\r\n\r\n', 'ffffffffffff\r\na', '\u001f\u008b\u0008']),
    'latin1',
  )
  const answer = Buffer.concat([head, body])
  const sent = random.chance(0.3)
    ? mutatedBytes(random, answer, [head])
    : random.chance(0.1)
      ? head.subarray(0, 20)
      : answer
  // Waiting for the timeout is what costs: most receivers answer and go.
  const after = random.chance(0.7) ? 0 : random.between(1, AFTER.length - 1)
  return Buffer.concat([Uint8Array.of(after), sent])
}
