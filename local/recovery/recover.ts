import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { InputError } from '../../shared/errors.ts'
import type { CommittedJudgement } from '../../shared/pipeline/ports.ts'
import { openDataFolder } from '../files/data-folder.ts'
import { isClosed } from '../maintenance/judged-chunks.ts'
import { recoveredPath } from '../sqlite/check-database-file.ts'
import { Database } from '../sqlite/database.ts'
import { type LostWrites, missing, noteLostWrites } from '../sqlite/lost-writes.ts'
import { markPath, type Promised } from '../sqlite/promise-mark.ts'
import { insertTimer } from '../sqlite/sqlite-timers.ts'
import { type LogAndFile, promisedOf, readLogAndFile } from './log-and-file.ts'
import { openPageFile } from './page-file.ts'
import { type ReadPage, readPages } from './read-rows.ts'
import { type RecoveredRow, TABLES } from './tables.ts'

export interface RecoveryOptions {
  readonly dataFolder: string
  readonly nowMs: number
  /** Told how many pages of how many are read. */
  readonly onProgress?: (done: number, pages: number) => void
}

/** What became of a damaged database. */
export interface Recovery {
  readonly pages: number
  readonly damagedPages: readonly number[]
  readonly damagedRows: number
  /** The frame of the write-ahead log from which on SQLite would have read nothing. */
  readonly damagedFrame: number | undefined
  readonly mismatch: LogAndFile['mismatch']
  /** What was promised and is missing at the end of the log, or between the file and its log. */
  readonly lost: Promised
  /** Rows that were read, by table. */
  readonly rows: Readonly<Record<string, number>>
  /** Traces that lost some of their spans, as far as can be known. */
  readonly damagedTraces: readonly string[]
  /** Where the damaged file was put. */
  readonly keptAs: string
}

/** Rows written in one transaction. */
const BATCH = 5_000
const SUFFIXES = ['', '-wal', '-shm']

/**
 * Reads what can be read of a data folder's database, page by page, into a new one, which takes its place; the damaged
 * one is kept aside. Every trace with anything left is looked at again: those judged already are recognised.
 * Throws an InputError if the folder has no database, or a server is at work on it.
 */
export async function recoverDatabase({ dataFolder, nowMs, onProgress }: RecoveryOptions): Promise<Recovery> {
  const databasePath = join(dataFolder, 'betrace.db')
  const places = [databasePath, `${databasePath}-wal`, recoveredPath(databasePath)]
  if (!places.some((place) => existsSync(place))) {
    const hint = 'name the folder a server keeps its data in'
    throw new InputError({ code: 'data-folder-unusable', message: `there is no database in ${dataFolder}`, hint })
  }
  const folder = openDataFolder(dataFolder)
  try {
    const path = folder.databasePath
    const [copying, copied] = [`${path}.recovering`, recoveredPath(path)]
    const keptAs = `${path}.damaged-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')}`
    // A recovery that was cut short while the files changed places: the copy is whole.
    if (existsSync(copied)) takePlace(path, copied, keptAs)
    for (const suffix of SUFFIXES) rmSync(`${copying}${suffix}`, { force: true })
    rmSync(markPath(copying), { force: true })
    const { losses, ...recovered } = await copyRows(path, copying, nowMs, onProgress)
    for (const loss of losses) noteLostWrites(path, loss)
    rmSync(markPath(copying), { force: true })
    renameSync(copying, copied)
    takePlace(path, copied, keptAs)
    return { ...recovered, lost: missing(losses), keptAs }
  } finally {
    folder.unlock()
  }
}

/** Cut short anywhere it can be done again; until it is done no server starts. */
function takePlace(path: string, copied: string, keptAs: string): void {
  for (const suffix of SUFFIXES) {
    if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${keptAs}${suffix}`)
  }
  renameSync(copied, path)
}

async function copyRows(
  path: string,
  to: string,
  nowMs: number,
  onProgress: RecoveryOptions['onProgress'],
): Promise<Omit<Recovery, 'keptAs' | 'lost'> & { readonly losses: readonly LostWrites[] }> {
  const files = readLogAndFile(path)
  const file = openPageFile(path, files)
  const database = new Database(to, Number.MAX_SAFE_INTEGER)
  try {
    const damagedPages: number[] = []
    const indexed = new Set<string>()
    let promised: Promised | undefined
    let damagedRows = 0
    let batch: RecoveredRow[] = []
    const take = async (page: ReadPage) => {
      for (const key of page.indexed) indexed.add(key)
      if (page.isDamaged) damagedPages.push(page.page)
      damagedRows += page.damagedRows
      batch.push(...page.rows.filter(({ table }) => table !== 'promises'))
      promised ??= promisedOf(page.rows.find(({ table }) => table === 'promises')?.row)
      if (batch.length < BATCH) return
      await insertRows(database, batch)
      batch = []
      onProgress?.(page.page, file.pageCount)
    }
    for (const page of readPages(file)) await take(page)
    await insertRows(database, batch)
    const damagedTraces = lostTraces(database, indexed)
    await rearm(database, nowMs)
    await goOnFrom(database, [files.marked, promised])
    const losses = lossesOf(files, promised, new Date(nowMs).toISOString())
    const rows = Object.fromEntries(kept().map(({ name }) => [name, count(database, name)]))
    const { pageCount: pages, damagedFrame } = file
    const { mismatch } = files
    return { pages, damagedPages, damagedRows, damagedFrame, mismatch, losses, rows, damagedTraces }
  } finally {
    database.close()
    file.close()
  }
}

/** Promises are counted on from the most that is known, so that what is lost now is not found again. */
async function goOnFrom(database: Database, known: readonly (Promised | undefined)[]): Promise<void> {
  const most = known.reduce((a, b) => ((b?.writes ?? 0) > (a?.writes ?? 0) ? b : a), undefined)
  if (most === undefined) return
  const sql = 'UPDATE promises SET kept = ?, chunks = ?, spans = ? WHERE id = 1'
  await database.write(() => database.run(sql, most.writes, most.chunks, most.spans))
}

/** What is missing after the last promise that was found, and what an older copy of the file lacks before its log. */
function lossesOf({ marked, inFile, wal, mismatch }: LogAndFile, found: Promised | undefined, foundAt: string) {
  const losses: LostWrites[] = []
  if (marked !== undefined && found !== undefined && marked.writes > found.writes) {
    losses.push({ foundAt, promised: marked, left: found })
  }
  const first = wal?.promises?.first
  if (mismatch === 'old-file' && first !== undefined && inFile !== undefined) {
    losses.push({ foundAt, promised: { ...first, writes: first.writes - 1 }, left: inFile })
  }
  return losses
}

const kept = () =>
  TABLES.filter(({ name, isLeft }) => isLeft !== true && name !== 'promises' && !name.endsWith('timers'))

const count = (database: Database, table: string) =>
  Number(database.get(`SELECT count(*) AS count FROM ${table}`)?.count)

/** A row may be there twice, where a page was copied and its parent is damaged: of markers the latest counts. */
async function insertRows(database: Database, rows: readonly RecoveredRow[]): Promise<void> {
  await database.write(() => {
    for (const { table, row } of rows) {
      const columns = Object.keys(row)
      const values = Object.values(row)
      if (table === 'markers') {
        const { trace_id: traceId, revision } = row
        database.run('DELETE FROM markers WHERE trace_id = ? AND revision < ?', traceId as string, revision as number)
      }
      const marks = columns.map(() => '?').join(', ')
      database.run(`INSERT OR IGNORE INTO ${table} (${columns.join(', ')}) VALUES (${marks})`, ...values)
    }
  })
}

/** Traces with chunks that an index or a timer lists, and that are neither there nor judged. */
function lostTraces(database: Database, indexed: ReadonlySet<string>): readonly string[] {
  const lost = new Set<string>()
  const isThere = 'SELECT 1 FROM chunks WHERE trace_id = ? AND key = ?'
  const note = (traceId: string, key: string) => {
    if (database.get(isThere, traceId, key) === undefined && !wasJudged(database, traceId, key)) lost.add(traceId)
  }
  for (const each of indexed) note(each.slice(0, 32), each.slice(33))
  for (const { timer } of database.all('SELECT timer FROM timers UNION ALL SELECT timer FROM buried_timers')) {
    const { kind, traceId, chunkKeys = [] } = JSON.parse(String(timer))
    if (kind === 'trace') for (const key of chunkKeys) note(String(traceId), String(key))
  }
  return [...lost].sort()
}

function wasJudged(database: Database, traceId: string, key: string): boolean {
  const verdict = database.get('SELECT verdict FROM markers WHERE trace_id = ?', traceId)?.verdict
  if (typeof verdict !== 'string') return false
  const committed = JSON.parse(verdict) as CommittedJudgement
  return isClosed(committed) || committed.seen.includes(key)
}

/** One timer for each trace in place of those there were: some of them may be lost. */
async function rearm(database: Database, nowMs: number): Promise<void> {
  await database.write(() => {
    database.run('DELETE FROM timers')
    database.run('DELETE FROM buried_timers')
  })
  const traces =
    'SELECT trace_id, json_group_array(key) AS keys FROM chunks WHERE trace_id > ? GROUP BY trace_id LIMIT ?'
  for (let after = ''; ; ) {
    const rows = database.all(traces, after, BATCH)
    await database.write(() => {
      for (const { trace_id: traceId, keys } of rows) {
        const chunkKeys = JSON.parse(String(keys)) as readonly string[]
        insertTimer(database, { kind: 'trace', traceId: String(traceId), chunkKeys, dueAtMs: nowMs, attempt: 0 })
      }
    })
    if (rows.length < BATCH) break
    after = String(rows.at(-1)?.trace_id)
  }
  await rearmPending(database, nowMs)
}

/** Signals of a verdict may be unsent though the chunks are gone. */
async function rearmPending(database: Database, nowMs: number): Promise<void> {
  const sql = `SELECT trace_id FROM markers WHERE pending <> '[]' AND trace_id NOT IN (SELECT trace_id FROM chunks)`
  const rows = database.all(sql)
  await database.write(() => {
    for (const { trace_id: traceId } of rows) {
      insertTimer(database, { kind: 'trace', traceId: String(traceId), chunkKeys: [], dueAtMs: nowMs, attempt: 0 })
    }
  })
}
