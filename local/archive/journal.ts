import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { TraceToArchive } from '../../shared/archive/trace-record.ts'
import { namedFile, readInput } from '../files/input-file.ts'

/*
 * A file that keeps traces on the disk, before they are acknowledged, until they lie in archive objects. A record is its length, the
 * CRC-32 of its content, then the content: the length of a JSON header, the header, the chunks one after the other.
 */

const PREFIX_BYTES = 8
/** A journal is turned at 16 MiB, but holds the trace that fills it to the end. */
const MAX_JOURNAL_BYTES = 2 * 1024 ** 3 - 1

/** A journal being written: records appended at the same time share one sync to the disk. */
export class Journal {
  readonly path: string
  private readonly file: FileHandle
  private waiting: { readonly record: readonly Uint8Array[]; readonly done: (error?: unknown) => void }[] = []
  private writing: Promise<void> | undefined
  private written = 0
  /** Records after a failed write could not be read back: nothing more is taken. */
  private failure: unknown

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.file = file
  }

  static async create(path: string): Promise<Journal> {
    return new Journal(path, await open(path, 'ax'))
  }

  /** Bytes appended, or about to be. */
  get sizeBytes(): number {
    return this.written
  }

  /** Resolves when the entry is on the disk. */
  append(entry: TraceToArchive): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure)
    const record = encodeRecord(entry)
    this.written += bytesIn(record)
    return new Promise((resolve, reject) => {
      this.waiting.push({ record, done: (error) => (error === undefined ? resolve() : reject(error)) })
      this.writing ??= this.writeWaiting().finally(() => {
        this.writing = undefined
      })
    })
  }

  /** Waits for what was appended, then closes the file. */
  async close(): Promise<void> {
    await this.writing
    await this.file.close()
  }

  private async writeWaiting(): Promise<void> {
    while (this.waiting.length > 0) {
      const group = this.waiting
      this.waiting = []
      if (this.failure === undefined) await this.writeGroup(group.flatMap(({ record }) => record))
      for (const { done } of group) done(this.failure)
    }
  }

  private async writeGroup(records: readonly Uint8Array[]): Promise<void> {
    try {
      const { bytesWritten } = await this.file.writev(records)
      // A disk that fills up takes a part without an error; the rest, tried again, gets it.
      const whole = bytesIn(records)
      if (bytesWritten < whole) await this.file.appendFile(Buffer.concat(records).subarray(bytesWritten))
      await this.file.datasync()
    } catch (error) {
      this.failure = error
    }
  }
}

/** The parts of a record; the chunks among them as they are, since a copy of them may be 64 MiB. */
function encodeRecord({ chunks, ...header }: TraceToArchive): readonly Uint8Array[] {
  const json = Buffer.from(JSON.stringify({ ...header, sizes: chunks.map((chunk) => chunk.length) }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  const content = [length, json, ...chunks]
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt32LE(bytesIn(content), 0)
  prefix.writeUInt32LE(
    content.reduce((sum, part) => crc32(part, sum), 0),
    4,
  )
  return [prefix, ...content]
}

function bytesIn(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}

/** What a journal holds. */
export interface JournalContent {
  readonly entries: readonly TraceToArchive[]
  /** Its end is missing: a record that was cut off was never acknowledged. */
  readonly cutOff: boolean
  /** Bytes that are no records although they were written whole: what stood there is lost, what follows is not. */
  readonly damagedBytes: number
}

/** Reads every record that is whole, past damage too. */
export async function readJournal(path: string): Promise<JournalContent> {
  const bytes = await readInput(await namedFile(path), MAX_JOURNAL_BYTES)
  const entries: TraceToArchive[] = []
  let damagedBytes = 0
  for (let at = 0; at < bytes.length; ) {
    const end = recordEnd(bytes, at)
    if (end !== undefined) {
      entries.push(decodeRecord(bytes.subarray(at + PREFIX_BYTES, end)))
      at = end
      continue
    }
    const next = nextRecord(bytes, at)
    // Cut off: shorter than its length says. Where it is not, or records follow, it was written whole once.
    if (next === undefined && isCutOff(bytes, at)) return { entries, cutOff: true, damagedBytes }
    damagedBytes += (next ?? bytes.length) - at
    at = next ?? bytes.length
  }
  return { entries, cutOff: false, damagedBytes }
}

function isCutOff(bytes: Buffer, at: number): boolean {
  return at + PREFIX_BYTES > bytes.length || at + PREFIX_BYTES + bytes.readUInt32LE(at) > bytes.length
}

/** Where the record that begins here ends; undefined where none does. */
function recordEnd(bytes: Buffer, at: number): number | undefined {
  if (isCutOff(bytes, at)) return undefined
  const end = at + PREFIX_BYTES + bytes.readUInt32LE(at)
  const isWhole =
    end > at + PREFIX_BYTES && crc32(bytes.subarray(at + PREFIX_BYTES, end)) === bytes.readUInt32LE(at + 4)
  return isWhole ? end : undefined
}

const HEADER_START = Buffer.from('{"traceId":"')

/** The next record after damage: found by how a header begins, which is cheaper than a checksum at every byte. */
function nextRecord(bytes: Buffer, after: number): number | undefined {
  const lead = PREFIX_BYTES + 4
  for (let header = bytes.indexOf(HEADER_START, after + lead + 1); header >= 0; ) {
    if (recordEnd(bytes, header - lead) !== undefined) return header - lead
    header = bytes.indexOf(HEADER_START, header + 1)
  }
  return undefined
}

function decodeRecord(content: Buffer): TraceToArchive {
  const chunksStart = 4 + content.readUInt32LE(0)
  const { sizes, ...header } = JSON.parse(content.toString('utf8', 4, chunksStart))
  let at = chunksStart
  const chunks = (sizes as readonly number[]).map((size) => {
    at += size
    return content.subarray(at - size, at)
  })
  return { ...header, chunks }
}
