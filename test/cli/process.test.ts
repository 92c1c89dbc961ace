import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { makePipe } from '../local/files/special-files.ts'
import { closeDatabases, newFolder } from '../local/sqlite/databases.ts'

afterEach(closeDatabases)

const main = join(import.meta.dirname, '../../cli/main.ts')
/** A second is promised; a machine that is busy with other tests gets more. */
const PROMISED_MS = 5_000

const rule = (name: string) =>
  `// Signal: ${name} (high)\ntrace.has(${name.toLowerCase()}).where(a matches "${name}.*")\n`

/** Exit code, or the signal that ended it. */
type End = readonly [number | null, NodeJS.Signals | null]

/** Starts the real command; `end` resolves with how it ended, and is not waited for without end. */
function start(args: readonly string[]) {
  const child = spawn(process.execPath, [main, ...args])
  onTestFinished(() => void child.kill('SIGKILL'))
  let err = ''
  child.stderr.on('data', (data) => {
    err += data
  })
  return { child, stderr: () => err, end: once(child, 'exit') as unknown as Promise<End> }
}

async function endAfter(signal: NodeJS.Signals, child: ChildProcess, end: Promise<End>): Promise<End> {
  const startMs = performance.now()
  child.kill(signal)
  const how = await end
  expect(performance.now() - startMs).toBeLessThan(PROMISED_MS)
  return how
}

function rulesFolder(count: number): string {
  const folder = join(newFolder(), 'rules')
  mkdirSync(folder)
  writeFileSync(join(folder, 'a.rules'), Array.from({ length: count }, (_, index) => rule(`R${index}`)).join('\n'))
  makePipe(join(folder, 'pipe.rules'))
  return folder
}

const serve = (rules: string) => {
  const data = join(rules, '../data')
  return { data, ...start(['serve', '--port', '0', '--rules', rules, '--data', data]) }
}

const served = (stderr: () => string) =>
  vi.waitFor(() => /http:\/\/127\.0\.0\.1:(\d+)/.exec(stderr())?.[1] ?? expect.fail(stderr()), { timeout: 60_000 })

describe('serve ends within a second of a signal', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s while it reads its rules, a pipe among them', async (signal) => {
    const { child, data, end } = serve(rulesFolder(3_000))
    await vi.waitFor(() => expect(existsSync(join(data, 'betrace.db'))).toBe(true), { timeout: 60_000, interval: 5 })
    const [code, by] = await endAfter(signal, child, end)
    expect(by ?? code).toBeOneOf([signal, signal === 'SIGINT' ? 130 : 143])
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('%s while it serves, with a request that never ends', async (signal) => {
    const { child, stderr, end } = serve(rulesFolder(1))
    const port = Number(await served(stderr))
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{')
    await once(socket, 'connect')
    expect(await endAfter(signal, child, end)).toEqual([0, null])
    expect(stderr()).toContain('stopped after 0 spans')
  })

  test.each(['identity', 'gzip'] as const)('SIGTERM while it reads a large body (%s)', async (encoding) => {
    const { child, stderr, end } = serve(rulesFolder(1))
    const url = `http://127.0.0.1:${await served(stderr)}`
    const list = Buffer.from(`{"resourceSpans":[${'{},'.repeat(1_900_000)}{}]}`)
    const body = encoding === 'gzip' ? gzipSync(list) : list
    const headers = { 'content-type': 'application/json', 'content-encoding': encoding }
    const answer = fetch(`${url}/v1/traces`, { method: 'POST', headers, body }).catch(() => {})
    const received = async () => (await fetch(`${url}/metrics`)).text()
    await vi.waitFor(async () => expect(await received()).toContain(`betrace_bytes_received_total ${body.length}`), {
      timeout: 60_000,
      interval: 5,
    })
    expect(await endAfter('SIGTERM', child, end)).toEqual([0, null])
    await answer
  })
})

test('a command that waits for a pipe ends at Ctrl-C', async () => {
  const rules = rulesFolder(1)
  const pipe = makePipe(join(rules, '../traces'))
  const { child, end } = start(['eval', '-r', join(rules, 'a.rules'), pipe])
  // Somebody has opened it to read when it can be opened to write without waiting.
  const { O_WRONLY, O_NONBLOCK } = constants
  const writer = await vi.waitFor(() => openSync(pipe, O_WRONLY | O_NONBLOCK), { timeout: 60_000 })
  onTestFinished(() => closeSync(writer))
  const [code, by] = await endAfter('SIGINT', child, end)
  expect(by ?? code).toBeOneOf(['SIGINT', 130])
})

test('what Node compiles is kept in the cache of the user, and nowhere where that is not wanted', async () => {
  const { NODE_COMPILE_CACHE: _, ...environment } = process.env
  const keptBy = async (variables: Readonly<Record<string, string>>) => {
    const caches = newFolder()
    const env = { ...environment, XDG_CACHE_HOME: caches, ...variables }
    const child = spawn(process.execPath, [main, 'check', '--help'], { env, stdio: 'ignore' })
    expect(await once(child, 'exit')).toEqual([0, null])
    return existsSync(join(caches, 'betrace'))
  }
  expect(await keptBy({})).toBe(true)
  expect(await keptBy({ NODE_DISABLE_COMPILE_CACHE: '1' })).toBe(false)
})
