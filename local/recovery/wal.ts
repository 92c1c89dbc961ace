import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import type { Promised } from '../sqlite/promise-mark.ts'
import { MARKS_PROMISES, PROMISE_MARK } from '../sqlite/schema.ts'
import { readPageContent } from './records.ts'

/** A page as one frame of the write-ahead log has it. */
interface WalPage {
  readonly page: number
  readonly content: Buffer
}

/** What a write-ahead log holds (https://www.sqlite.org/fileformat.html#the_write_ahead_log). */
export interface Wal {
  readonly pageBytes: number
  /** Whole frames up to the last that was committed, oldest first; past damage too. */
  readonly pages: readonly WalPage[]
  /** Pages of the database after the last commit. */
  readonly pageCount: number
  /** Counted from 1: SQLite would forget it, and what was committed after it though somebody was promised it. */
  readonly damagedFrame: number | undefined
  /** The promises that SQLite would read there; undefined where it would read none. */
  readonly promises: WalPromises | undefined
}

/** How much had been promised by the first and by the last promise of a log. */
interface WalPromises {
  readonly first: Promised
  readonly last: Promised
}

const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
const MAGIC = 0x377f0682

/**
 * Reads the log of a database; undefined without a log, or if nothing in it can be read. `promised` is how many writes
 * were promised, where the database file has fewer.
 */
export function readWal(databasePath: string, promised: number | undefined): Wal | undefined {
  const bytes = readOrNothing(`${databasePath}-wal`)
  if (bytes === undefined || bytes.length < HEADER_BYTES + FRAME_HEADER_BYTES) return undefined
  const magic = bytes.readUInt32BE(0)
  const pageBytes = bytes.readUInt32BE(8)
  const isKnown = magic === MAGIC || magic === MAGIC + 1
  if (!isKnown || pageBytes < 512 || pageBytes > 65_536) return undefined
  const marksPromises = formatOf(databasePath) >= MARKS_PROMISES
  return readFrames(bytes, { pageBytes, littleEndian: magic === MAGIC, marksPromises, promised })
}

interface Framing {
  readonly pageBytes: number
  readonly littleEndian: boolean
  readonly marksPromises: boolean
  readonly promised: number | undefined
}

/**
 * A loss of power may leave gaps among the frames that no sync had taken to the disk yet, and SQLite rightly forgets
 * what follows. Where a transaction follows that was synced, or fewer promises come before than were given, a frame
 * before it was there once, and is damaged.
 */
function readFrames(bytes: Buffer, { pageBytes, littleEndian, marksPromises, promised }: Framing): Wal {
  const frameBytes = FRAME_HEADER_BYTES + pageBytes
  const count = Math.floor((bytes.length - HEADER_BYTES) / frameBytes)
  const salts = bytes.subarray(16, 24)
  const pages: WalPage[] = []
  let uncommitted: WalPage[] = []
  let pageCount = 0
  let firstBad: number | undefined
  let damagedFrame: number | undefined
  let promises: WalPromises | undefined
  let before = bytes.subarray(24, 32)
  for (let index = 0; index < count; index++) {
    const at = HEADER_BYTES + index * frameBytes
    const frame = bytes.subarray(at, at + frameBytes)
    const stored = frame.subarray(16, 24)
    if (frame.compare(salts, 0, 8, 8, 16) === 0 && isWhole(frame, before, littleEndian)) {
      uncommitted.push({ page: frame.readUInt32BE(0), content: frame.subarray(FRAME_HEADER_BYTES) })
      const committedPages = frame.readUInt32BE(4)
      if (committedPages > 0) {
        const mark = uncommitted.find(({ content }) => content.includes(PROMISE_MARK))
        if (firstBad === undefined) promises = withPromise(promises, mark)
        const isMissed = promised !== undefined && promised > (promises?.last.writes ?? 0)
        if (!marksPromises || mark !== undefined || isMissed) damagedFrame ??= firstBad
        pages.push(...uncommitted)
        uncommitted = []
        pageCount = committedPages
      }
    } else firstBad ??= index + 1
    before = stored
  }
  return { pageBytes, pages, pageCount, damagedFrame, promises }
}

function withPromise(promises: WalPromises | undefined, mark: WalPage | undefined): WalPromises | undefined {
  const promised = mark === undefined ? undefined : promisedOn(mark.content)
  if (promised === undefined) return promises
  return { first: promises?.first ?? promised, last: promised }
}

/** What the page with the promises says; undefined where it is damaged. */
function promisedOn(content: Buffer): Promised | undefined {
  const file = { pageCount: 1, usableBytes: content.length, page: () => content }
  const read = readPageContent(file, 2)
  if (typeof read !== 'object') return undefined
  for (const { values } of read.records) {
    const [, mark, writes, chunks = 0, spans = 0] = values
    if (mark === PROMISE_MARK) return { writes: Number(writes), chunks: Number(chunks), spans: Number(spans) }
  }
  return undefined
}

/** A frame's checksum goes on from that of the frame before. */
function isWhole(frame: Buffer, before: Buffer, littleEndian: boolean): boolean {
  let a = before.readUInt32BE(0)
  let b = before.readUInt32BE(4)
  const add = (from: number, to: number) => {
    for (let at = from; at < to; at += 8) {
      a = (a + b + (littleEndian ? frame.readUInt32LE(at) : frame.readUInt32BE(at))) >>> 0
      b = (b + a + (littleEndian ? frame.readUInt32LE(at + 4) : frame.readUInt32BE(at + 4))) >>> 0
    }
  }
  add(0, 8)
  add(FRAME_HEADER_BYTES, frame.length)
  return a === frame.readUInt32BE(16) && b === frame.readUInt32BE(20)
}

/** `user_version` as the file has it, without the log; 0 where it cannot be read. */
function formatOf(databasePath: string): number {
  const head = readOrNothing(databasePath, 100)
  return head !== undefined && head.length === 100 ? head.readUInt32BE(60) : 0
}

/** The file's content, or the start of it. */
function readOrNothing(path: string, length?: number): Buffer | undefined {
  try {
    return length === undefined ? readFileSync(path) : readStart(path, length)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function readStart(path: string, length: number): Buffer {
  const file = openSync(path, 'r')
  try {
    const start = Buffer.alloc(length)
    return start.subarray(0, readSync(file, start, 0, length, 0))
  } finally {
    closeSync(file)
  }
}
