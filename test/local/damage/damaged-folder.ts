import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { PassThrough } from 'node:stream'
import type { Random } from '../../../bench/data/random.ts'
import { recoverDatabase } from '../../../local/recovery/recover.ts'
import { type Runtime, startRuntime } from '../../../local/runtime.ts'
import { missing, readLostWrites } from '../../../local/sqlite/lost-writes.ts'
import { tracesData } from '../../pipeline/traces.ts'

/*
 * A data folder with judged and unjudged traces, damaged at a page of a chosen kind in a way chosen by a seed. A third
 * of the traces is healthy as a whole and breaks the rule where one of its two requests is overlooked.
 */

const START_MS = 1_764_000_000_000
const TRACES = 90
const RULES = '// Signal: UNVALIDATED (high)\ntrace.has(charge) and not trace.has(validate)\n'

/** The files that are damaged. */
export const DAMAGED_KINDS = [
  'schema',
  'chunks',
  'chunks index',
  'markers',
  'timers',
  'signals',
  'any',
  'wal',
  'end',
  'wal cut',
  'wal gone',
  'wal of before',
  'file of before',
] as const
export type DamagedKind = (typeof DAMAGED_KINDS)[number]

const traceIdOf = (trace: number) => (trace + 0xabc0000).toString(16).padStart(32, '0')
const isBroken = (trace: number) => trace % 3 === 0
const numbers = Array.from({ length: TRACES }, (_, trace) => trace).filter(isBroken)
const BROKEN = numbers.map(traceIdOf)
/** Those of them that were not judged before the damage. */
const UNJUDGED = numbers.filter((trace) => trace > TRACES / 2).map(traceIdOf)

/** A folder to damage copies of. */
export interface Original {
  readonly folder: string
  /** Copies of the files from before, each with a log of its own. */
  readonly before: readonly string[]
  /** A copy of the files as kill -9 leaves them: much is only in the write-ahead log. */
  readonly killed: string
}

export async function makeOriginal(): Promise<Original> {
  const folder = mkdtempSync(join(tmpdir(), 'betrace-damage-'))
  mkdirSync(join(folder, 'rules'))
  writeFileSync(join(folder, 'rules', 'rule.rules'), RULES)
  const data = join(folder, 'original')
  const opened = await open(folder, data, [])
  const before: string[] = []
  for (let trace = 0; trace < TRACES; trace++) {
    await send(opened.runtime, trace)
    if (trace === TRACES / 2) await opened.pass(30_000)
    if (trace % (TRACES / 3) !== TRACES / 6) continue
    const copy = join(folder, `before-${trace}`)
    cpSync(data, copy, { recursive: true })
    before.push(copy)
    beginLogAnew(data)
  }
  const killed = join(folder, 'killed')
  cpSync(data, killed, { recursive: true })
  await opened.runtime.close()
  return { folder, before, killed }
}

/** Copies the log into the file, as SQLite does now and then: what is written next begins a new log. */
function beginLogAnew(data: string): void {
  const database = new DatabaseSync(join(data, 'betrace.db'))
  database.exec('PRAGMA wal_checkpoint(RESTART)')
  database.close()
}

async function send(runtime: Runtime, trace: number): Promise<void> {
  const padding = 'x'.repeat((trace * 37) % 900)
  const charge = [{ name: 'charge', id: 1, startMs: START_MS, service: `${trace}${padding}` }]
  const second = isBroken(trace) ? 'other' : 'validate'
  for (const spans of [charge, [{ name: second, id: 2, parent: 1, startMs: START_MS }]]) {
    const headers = { 'content-type': 'application/x-protobuf' }
    const body = Buffer.from(tracesData(spans, traceIdOf(trace)))
    const { status } = await fetch(`${runtime.url}/v1/traces`, { method: 'POST', headers, body })
    if (status !== 200) throw new Error(`not stored: ${status}`)
  }
}

async function open(home: string, dataFolder: string, logged: string[]) {
  let nowMs = START_MS
  const jsonLines = new PassThrough()
  let lines = ''
  jsonLines.on('data', (text) => {
    lines += text
  })
  const runtime = await startRuntime({
    dataFolder,
    rulePaths: [join(home, 'rules')],
    settings: { port: 0, maxSignalsPerMinute: 1e9 },
    clock: () => nowMs,
    jsonLines,
    scheduler: { after: () => () => {} },
    log: (level, message, fields) => logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
  })
  const pass = async (ms: number) => {
    nowMs += ms
    await runtime.runDue().catch((error) => logged.push(`error ${error}`))
  }
  return { runtime, pass, told: () => lines }
}

/** What was seen of a damaged folder: at a start over it as it is, and after `recover`. */
export interface DamageSeen {
  readonly damage: string
  /** Why no server started over it. */
  readonly refused:
    | { readonly name: string; readonly code: string; readonly message: string; readonly hint: string }
    | undefined
  /** Traces with another verdict than they should have that nothing was said of: none. */
  readonly silent: readonly string[]
  /** The same after recovery, for traces that it did not name. */
  readonly silentRecovered: readonly string[]
  readonly named: number
  /** Chunks that are missing where the log or the file was cut or put back, and how many are said to be. */
  readonly missing: number
  readonly told: number
}

export async function damageAndLook(original: Original, kind: DamagedKind, random: Random): Promise<DamageSeen> {
  const data = mkdtempSync(join(original.folder, 'damaged-'))
  try {
    const isKilled = kind === 'wal' || kind.startsWith('wal ') || kind === 'file of before'
    cpSync(isKilled ? original.killed : join(original.folder, 'original'), data, { recursive: true })
    const damage = kind.includes(' of before') ? putBack(data, kind, original, random) : doDamage(data, kind, random)
    const copy = `${data}-copy`
    cpSync(data, copy, { recursive: true })
    const isCut = isKilled && kind !== 'wal'
    const missingAtStart = isCut ? missingChunks(data) : 0
    const started = await judgeAll(original.folder, data)
    const recovered = await recoverDatabase({ dataFolder: copy, nowMs: START_MS + 60_000 })
    const missingRecovered = isCut ? missingChunks(copy) : 0
    const again = await judgeAll(original.folder, copy)
    if ('refused' in again) throw new Error(`${damage}: not recovered: ${again.refused.message}`)
    const named = new Set(recovered.damagedTraces)
    const result = {
      damage,
      refused: 'refused' in started ? started.refused : undefined,
      silent: 'refused' in started ? [] : wrong(started.signals, started.logged),
      silentRecovered: wrong(again.signals, again.logged).filter((trace) => {
        // The content of lost pages is unknown; lost rows are known from the index or a timer.
        const isMissing = !again.signals.has(trace)
        const isToldOf = recovered.damagedPages.length > 0 || (recovered.damagedRows > 0 && isMissing)
        return !named.has(trace) && !isToldOf && recovered.lost.writes === 0
      }),
      named: named.size,
      missing: 'refused' in started ? missingRecovered : missingAtStart,
      told: isCut
        ? ('refused' in started ? recovered.lost : missing(readLostWrites(join(data, 'betrace.db')))).chunks
        : 0,
    }
    rmSync(copy, { recursive: true })
    return result
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}

/** Traces with a wrong verdict that no line of the log names. */
function wrong(signals: ReadonlySet<string>, logged: readonly string[]): readonly string[] {
  const named = (traceId: string) => logged.some((line) => line.startsWith('error') && line.includes(traceId))
  const all = Array.from({ length: TRACES }, (_, trace) => traceIdOf(trace))
  // Damage to what all traces share is told of as such.
  const toldOfAll = logged.some((line) =>
    /timers could not be taken|failed; trying again|^error StorageError|are missing from the database/.test(line),
  )
  const missing = (traceId: string) => UNJUDGED.includes(traceId) && !signals.has(traceId) && !toldOfAll
  // Which traces the missing spans were of nobody can know.
  const toldOfSpans = logged.some((line) => /promised writes are missing from the database/.test(line))
  const extra = (traceId: string) => !BROKEN.includes(traceId) && signals.has(traceId) && !toldOfSpans
  return all.filter((traceId) => (missing(traceId) || extra(traceId)) && !named(traceId))
}

async function judgeAll(home: string, data: string) {
  const logged: string[] = []
  let opened: Awaited<ReturnType<typeof open>>
  try {
    opened = await open(home, data, logged)
  } catch (error) {
    const { name, code, message, hint } = error as { name: string; code: string; message: string; hint: string }
    return { refused: { name, code, message, hint } }
  }
  const { runtime, pass, told } = opened
  try {
    await pass(120_000)
    for (let tick = 0; tick < 4; tick++) await pass(900_000)
    // The backstop: what has no timer any more is judged before it is removed.
    for (let tick = 0; tick < 2; tick++) await pass(8 * 24 * 3_600_000)
    const lines = told().split('\n').filter(Boolean)
    return { signals: new Set(lines.map((line) => String(JSON.parse(line).data.traceId))), logged }
  } finally {
    await runtime.close().catch((error) => logged.push(`error ${error}`))
  }
}

/** How many of the chunks that were acknowledged are not in the database of a folder, as SQLite reads a copy of it. */
function missingChunks(data: string): number {
  const copy = mkdtempSync(`${data}-counted-`)
  try {
    cpSync(data, copy, { recursive: true })
    const database = new DatabaseSync(join(copy, 'betrace.db'))
    const { chunks } = database.prepare('SELECT count(*) AS chunks FROM chunks').get() as { chunks: number }
    database.close()
    return 2 * TRACES - chunks
  } finally {
    rmSync(copy, { recursive: true })
  }
}

/** Puts the log or the file of an earlier time in the place of the last one. */
function putBack(data: string, kind: DamagedKind, { before }: Original, random: Random): string {
  const from = random.pick(before)
  const name = kind === 'wal of before' ? 'betrace.db-wal' : 'betrace.db'
  cpSync(join(from, name), join(data, name))
  return `${name} put back from ${from}`
}

function doDamage(data: string, kind: DamagedKind, random: Random): string {
  const path = join(data, kind.startsWith('wal') ? 'betrace.db-wal' : 'betrace.db')
  if (kind === 'wal gone') {
    rmSync(path)
    return 'removed the log'
  }
  const bytes = readFileSync(path)
  if (kind === 'end' || kind === 'wal cut') {
    const left = random.below(bytes.length)
    writeFileSync(path, bytes.subarray(0, left))
    return `cut off after ${left} bytes`
  }
  const [start, length] = kind === 'wal' ? frame(bytes, random) : page(data, kind, random)
  const how = random.pick(['flipped', 'zeros', 'noise'] as const)
  const part = bytes.subarray(start, start + length)
  if (how === 'zeros') part.fill(0)
  if (how === 'noise') for (let at = 0; at < length; at++) part[at] = random.below(256)
  if (how === 'flipped') {
    for (let left = 1 + random.below(8); left > 0; left--) {
      const at = random.below(length)
      part[at] = (part[at] ?? 0) ^ (1 << random.below(8))
    }
  }
  writeFileSync(path, bytes)
  return `${kind} ${how} at ${start}`
}

function frame(bytes: Buffer, random: Random): readonly [start: number, length: number] {
  const salts = bytes.subarray(16, 24)
  const isCurrent = (index: number) => bytes.compare(salts, 0, 8, 32 + 4120 * index + 8, 32 + 4120 * index + 16) === 0
  let frames = 0
  while (32 + 4120 * (frames + 1) <= bytes.length && isCurrent(frames)) frames++
  return [32 + 4120 * random.below(frames), 4120]
}

const PAGES: Readonly<Record<string, string>> = {
  schema: "name = 'sqlite_schema'",
  chunks: "name = 'chunks'",
  'chunks index': "name LIKE 'sqlite_autoindex_chunks%'",
  markers: "name LIKE '%markers%'",
  timers: "name LIKE 'timers%'",
  signals: "name LIKE '%signals%'",
  any: '1',
}

function page(data: string, kind: DamagedKind, random: Random): readonly [start: number, length: number] {
  const database = new DatabaseSync(join(data, 'betrace.db'), { readOnly: true })
  const pages = database.prepare(`SELECT pageno FROM dbstat WHERE ${PAGES[kind]} ORDER BY pageno`).all()
  database.close()
  const { pageno } = random.pick(pages)
  return [(Number(pageno) - 1) * 4096, 4096]
}
