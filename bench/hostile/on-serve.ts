import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { firstLine, served } from '../load/served.ts'
import type { Attack } from './attack.ts'
import { forgetPeak, residentBytes } from './resident.ts'

/** What taking in one body costs a server. */
export interface CostOnServe {
  readonly status: number
  /** The longest work of the main thread that left nobody else a turn, in its processor time. */
  readonly workMs: number
  /** Beyond what the server had before. */
  readonly bytes: number
}

/** Until the memory and the event loop of a server are at rest after its start, and after an answer. */
const REST_MS = 1_000
const AFTER_MS = 100
/** Its traces are not due while it is measured. */
const NOT_YET = ['--quiet-period', '10m', '--incomplete-wait', '20m']

/** Sends one body to a new `betrace serve`, as gzip that leaves it as large as it is: it is in memory twice. */
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
    return { status, workMs: await longestWork(child), bytes: residentBytes(pid, 'peak') - idleBytes }
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true })
  }
}

function startServer(folder: string): ChildProcess {
  const probe = fileURLToPath(new URL('./probe.ts', import.meta.url))
  const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
  const rules = fileURLToPath(new URL('../../rules', import.meta.url))
  const options = ['--port', '0', '--data', join(folder, 'data'), '--rules', rules, ...NOT_YET]
  const args = ['--import', probe, main, 'serve', ...options]
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
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
