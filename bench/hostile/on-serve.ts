import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { SHIPPED_RULES } from '../../test/shipped-packs.ts'
import { firstLine, metric, served } from '../load/served.ts'
import type { Attack } from './attack.ts'
import { forgetPeak, residentBytes } from './resident.ts'

/** What one body costs a server. */
export interface CostOnServe {
  readonly status: number
  /** To take it in. */
  readonly taking: ServerCost
  /** After that, until its traces are judged and archived. */
  readonly judging: ServerCost
}

interface ServerCost {
  /** The longest work of the main thread that left nobody else a turn, in its processor time. */
  readonly workMs: number
  /** The most beyond what the server had before the body came. */
  readonly bytes: number
}

/** Until the memory and the event loop of a server are at rest after its start, and after an answer. */
const REST_MS = 1_000
const AFTER_MS = 100
/** Its traces are not due while it is measured how it is taken in, and then at once. */
const QUIET = ['--quiet-period', '3s', '--incomplete-wait', '3s']
/** The worst take a minute to be judged, one with 20,000 traces; a journal is turned into objects after 10 s. */
const MOST_WAIT_MS = 180_000

/** Sends one body to a new `betrace serve`, as gzip that leaves it as large as it is, and waits until it is archived. */
export async function costOnServe({ body, format }: Attack): Promise<CostOnServe> {
  const folder = mkdtempSync(join(tmpdir(), 'betrace-hostile-'))
  const child = startServer(folder)
  const server = served(child, await firstLine(child.stderr, /(http:\S+)\/v1\/traces/))
  const pid = child.pid as number
  try {
    await post(server.url, 'application/json', gzipSync('{}'))
    await pause(REST_MS)
    const idleBytes = residentBytes(pid, 'now')
    forgetPeak(pid)
    await longestWork(child)
    const type = format === 'json' ? 'application/json' : 'application/x-protobuf'
    const status = await post(server.url, type, gzipSync(body, { level: 0 }))
    await pause(AFTER_MS)
    const cost = async () => ({ workMs: await longestWork(child), bytes: residentBytes(pid, 'peak') - idleBytes })
    const taking = await cost()
    forgetPeak(pid)
    await archived(server.url, join(folder, 'data', 'archive-journal'))
    return { status, taking, judging: await cost() }
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true })
  }
}

function startServer(folder: string): ChildProcess {
  const probe = fileURLToPath(new URL('./probe.ts', import.meta.url))
  const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
  const options = ['--port', '0', '--data', join(folder, 'data'), '--rules', ...SHIPPED_RULES, ...QUIET]
  const args = ['--import', probe, main, 'serve', ...options]
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
}

/** Resolves when nothing waits to be judged, nor to be turned into archive objects. */
async function archived(url: string, journals: string): Promise<void> {
  const endMs = performance.now() + MOST_WAIT_MS
  const isWaiting = async () => (await metric(url, 'betrace_timers_waiting')) > 0 || readdirSync(journals).length > 0
  while (await isWaiting()) {
    if (performance.now() > endMs) throw new Error(`a body was not judged within ${MOST_WAIT_MS} ms`)
    await pause(AFTER_MS)
  }
}

async function longestWork(child: ChildProcess): Promise<number> {
  const answer = once(child, 'message')
  child.send('longest work')
  const [workMs] = await answer
  return workMs as number
}

async function post(url: string, type: string, body: Uint8Array): Promise<number> {
  const headers = { 'content-type': type, 'content-encoding': 'gzip' }
  const response = await fetch(`${url}/v1/traces`, { method: 'POST', headers, body: Buffer.from(body) })
  await response.arrayBuffer()
  return response.status
}
