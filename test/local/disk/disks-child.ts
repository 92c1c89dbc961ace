import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { metric } from '../../../bench/load/served.ts'
import type { RuntimeOptions } from '../../../local/dependencies.ts'
import { type Runtime, startRuntime } from '../../../local/runtime.ts'
import { tracesData } from '../../pipeline/traces.ts'
import { archivedTraces } from './archived-traces.ts'

/*
 * What a server does on disks that fill up or turn read-only: run in a mount namespace of its own, on real file systems
 * of a few hundred kilobytes. Prints what was seen as JSON; the test judges it.
 */

const [home = ''] = process.argv.slice(2)
const RULES = '// Signal: STEP (high)\ntrace.has(step)\n'
let nowMs = 1_764_000_000_000
let traces = 0

const rules = join(home, 'rules')
mkdirSync(rules)
writeFileSync(join(rules, 'step.rules'), RULES)

const run = (command: string, ...args: readonly string[]) => execFileSync(command, args)

function mount(folder: string, kilobytes: number): void {
  mkdirSync(folder, { recursive: true })
  run('mount', '-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'none', folder)
}

const remount = (folder: string, how: 'ro' | 'rw') => run('mount', '-o', `remount,${how}`, folder)

function start(dataFolder: string, options: Partial<RuntimeOptions> = {}): Promise<Runtime> {
  return startRuntime({
    dataFolder,
    rulePaths: [rules],
    settings: { port: 0, maxSignalsPerMinute: 1e9 },
    clock: () => nowMs,
    scheduler: { after: () => () => {} },
    log: (_level, message) => logged.add(message),
    ...options,
  })
}

const logged = new Set<string>()

/** Sends a trace of some size; its id where it was acknowledged. */
async function send(runtime: Runtime, kilobytes: number, answers: Set<string>): Promise<string | undefined> {
  const traceId = (++traces).toString(16).padStart(32, '0')
  const span = { name: 'step', id: 1, startMs: nowMs, service: noise(kilobytes * 1024) }
  const headers = { 'content-type': 'application/x-protobuf' }
  const body = Buffer.from(tracesData([span], traceId))
  const response = await fetch(`${runtime.url}/v1/traces`, { method: 'POST', headers, body })
  answers.add(`${response.status} ${response.headers.get('retry-after')}`)
  return response.status === 200 ? traceId : undefined
}

/** Text that does not pack well, the same on every run. */
function noise(length: number): string {
  let state = traces
  let text = ''
  while (text.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    text += state.toString(36)
  }
  return text
}

async function fill(runtime: Runtime, kilobytes: number) {
  const answers = new Set<string>()
  const acknowledged: string[] = []
  for (let refused = 0; refused < 3; ) {
    const traceId = await send(runtime, kilobytes, answers)
    if (traceId === undefined) refused++
    else acknowledged.push(traceId)
  }
  return { acknowledged, answers: [...answers] }
}

async function pass(runtime: Runtime, ms: number): Promise<void> {
  nowMs += ms
  await runtime.runDue().catch((error) => logged.add(String(error)))
}

const health = async (runtime: Runtime) => {
  const response = await fetch(`${runtime.url}/healthz`)
  return { code: response.status, ...((await response.json()) as Record<string, unknown>) }
}

const signalled = (runtime: Runtime) => new Set(runtime.signals.find({}).map(({ event }) => event.data.traceId))
const missing = (wanted: readonly string[], there: ReadonlySet<string>) => wanted.filter((id) => !there.has(id)).length

const archived = async (dataFolder: string) => new Set((await archivedTraces(dataFolder)).keys())

/** Everything on one disk, which fills up under load. */
async function fullDisk() {
  const folder = join(home, 'full')
  mount(folder, 6_000)
  const filler = join(folder, 'filler')
  writeFileSync(filler, Buffer.alloc(4 * 1024 * 1024))
  const data = join(folder, 'data')
  const jsonLinesFile = join(folder, 'signals.jsonl')
  const runtime = await start(data, { jsonLinesFile })
  const before = await fill(runtime, 24)
  const full = await health(runtime)
  const cpu = process.cpuUsage()
  for (let tick = 0; tick < 20; tick++) await pass(runtime, 30_000)
  const { user, system } = process.cpuUsage(cpu)
  const stillFull = await health(runtime)
  rmSync(filler)
  for (let tick = 0; tick < 3; tick++) await pass(runtime, 1_000)
  const after = new Set<string>()
  const last = await send(runtime, 1, after)
  for (let tick = 0; tick < 3; tick++) await pass(runtime, 20_000)
  const wanted = [...before.acknowledged, ...(last === undefined ? [] : [last])]
  const seen = {
    ...before,
    acknowledged: before.acknowledged.length,
    full,
    stillFull,
    cpuMs: (user + system) / 1000,
    after: [...after],
    unjudged: missing(wanted, signalled(runtime)),
    health: await health(runtime),
  }
  await runtime.close()
  const lines = readFileSync(jsonLinesFile, 'utf8').trim().split('\n')
  const told = new Set(lines.map((line) => JSON.parse(line).data.traceId))
  const unarchived = missing(wanted, await archived(data))
  return { ...seen, untold: missing(wanted, told), toldTwice: lines.length - told.size, unarchived }
}

/** Database, archive and JSON lines on disks of their own; the latter two are full from the start. */
async function fullArchive() {
  const data = join(home, 'split')
  const small = [join(data, 'archive'), join(data, 'archive-journal'), join(home, 'lines')]
  for (const folder of small) {
    mount(folder, 128)
    writeFileSync(join(folder, '.filler'), Buffer.alloc(124 * 1024))
  }
  const jsonLinesFile = join(home, 'lines', 'signals.jsonl')
  const runtime = await start(data, { jsonLinesFile })
  const answers = new Set<string>()
  const wanted: string[] = []
  for (let trace = 0; trace < 10; trace++) wanted.push((await send(runtime, 2, answers)) ?? 'refused')
  for (let tick = 0; tick < 4; tick++) await pass(runtime, 15_000)
  const full = await health(runtime)
  const unjudged = missing(wanted, signalled(runtime))
  const waiting = await metric(runtime.url, 'betrace_archive_traces_waiting')
  for (const folder of small) rmSync(join(folder, '.filler'))
  for (let tick = 0; tick < 3; tick++) await pass(runtime, 15_000)
  const mended = await health(runtime)
  await runtime.close()
  const lines = readFileSync(jsonLinesFile, 'utf8').trim().split('\n')
  const told = new Set(lines.map((line) => JSON.parse(line).data.traceId))
  const unarchived = missing(wanted, await archived(data))
  return { full, unjudged, waiting, mended, lines: lines.length, untold: missing(wanted, told), unarchived }
}

/**
 * An archive that turns read-only under a server, and back; and a disk that is so at the start. (Linux remounts nothing
 * read-only while files on it are open for writing, as the database's are: what SQLite does then is tested apart.)
 */
async function readOnly() {
  const data = join(home, 'read-only')
  const runtime = await start(data)
  const folders = ['archive', 'archive-journal'].map((name) => join(data, name))
  for (const folder of folders) {
    mount(folder, 64)
    remount(folder, 'ro')
  }
  const traceId = (await send(runtime, 1, new Set())) ?? 'refused'
  for (let tick = 0; tick < 2; tick++) await pass(runtime, 15_000)
  const during = await health(runtime)
  const unjudged = missing([traceId], signalled(runtime))
  for (const folder of folders) run('umount', folder)
  for (let tick = 0; tick < 2; tick++) await pass(runtime, 15_000)
  const after = await health(runtime)
  await runtime.close()
  const unarchived = missing([traceId], await archived(data))
  const disk = join(home, 'read-only-disk')
  mount(disk, 4_000)
  await (await start(join(disk, 'data'))).close()
  remount(disk, 'ro')
  const failed = ({ name, message, hint }: Error & { hint?: string }) => ({ name, message, hint })
  const starting = ['data', 'new'].map((name) => start(join(disk, name)).then(() => 'started', failed))
  return { during, after, unjudged, unarchived, starting: await Promise.all(starting) }
}

const result = { full: await fullDisk(), archive: await fullArchive(), readOnly: await readOnly(), logged: [...logged] }
process.stdout.write(`${JSON.stringify(result)}\n`)
