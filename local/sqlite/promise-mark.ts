import { closeSync, fdatasync, fdatasyncSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'

/** What was promised, counted since the database was made: durable writes, and the chunks and spans answered with 200. */
export interface Promised {
  readonly writes: number
  readonly chunks: number
  readonly spans: number
}

const MAGIC = Buffer.from('betrace1')
const SLOT_BYTES = MAGIC.length + 3 * 8 + 4
/** Two places, written alternately, each in a sector of its own: a torn write leaves the previous one. */
const SLOT_DISTANCE = 512

/**
 * A small file beside the database that says how much was promised, so that a write-ahead log that lost its end is
 * noticed. It is written once a promise is on the disk and before anybody is answered, so it is never ahead of an intact
 * log. It outlives the process at once. `sync` takes it to the disk, which is too slow to do for each promise.
 */
export class PromiseMark {
  private readonly file: number
  private isDirty = false

  /** Opens the file, or makes it with `start`; throws what the file system throws. */
  constructor(databasePath: string, start: Promised) {
    const path = markPath(databasePath)
    const isNew = readPromiseMark(databasePath) === undefined
    this.file = openSync(path, isNew ? 'w+' : 'r+', 0o600)
    if (isNew) this.replace(start)
  }

  /** Notes what was promised by now; throws what the file system throws. */
  set(promised: Promised): void {
    writeSync(this.file, encodeSlot(promised), 0, SLOT_BYTES, (promised.writes % 2) * SLOT_DISTANCE)
    this.isDirty = true
  }

  /** Notes the same where it is less than what was noted before, and takes it to the disk. */
  replace(promised: Promised): void {
    const both = Buffer.alloc(2 * SLOT_DISTANCE)
    encodeSlot(promised).copy(both)
    writeSync(this.file, both, 0, both.length, 0)
    fsyncSync(this.file)
    this.isDirty = false
  }

  /** Resolves when what was noted is on the disk. */
  sync(): Promise<void> {
    if (!this.isDirty) return Promise.resolve()
    this.isDirty = false
    return new Promise((resolve, reject) => {
      fdatasync(this.file, (error) => (error === null ? resolve() : reject(error)))
    })
  }

  close(): void {
    if (this.isDirty) fdatasyncSync(this.file)
    closeSync(this.file)
  }
}

/** Where the mark of a database lies. */
export function markPath(databasePath: string): string {
  return `${databasePath}-promised`
}

/** What the mark of a database says; undefined where no readable mark exists. */
export function readPromiseMark(databasePath: string): Promised | undefined {
  let bytes: Buffer
  try {
    bytes = readFileSync(markPath(databasePath))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const slots = [0, SLOT_DISTANCE].map((at) => decodeSlot(bytes.subarray(at, at + SLOT_BYTES)))
  const [first, second] = slots.filter((slot) => slot !== undefined)
  return first !== undefined && second !== undefined && second.writes > first.writes ? second : first
}

function encodeSlot({ writes, chunks, spans }: Promised): Buffer {
  const slot = Buffer.alloc(SLOT_BYTES)
  MAGIC.copy(slot)
  for (const [index, count] of [writes, chunks, spans].entries()) {
    slot.writeBigUInt64LE(BigInt(count), MAGIC.length + 8 * index)
  }
  slot.writeUInt32LE(crc32(slot.subarray(0, -4)), SLOT_BYTES - 4)
  return slot
}

function decodeSlot(slot: Buffer): Promised | undefined {
  if (slot.length < SLOT_BYTES || !slot.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
  if (slot.readUInt32LE(SLOT_BYTES - 4) !== crc32(slot.subarray(0, -4))) return undefined
  const [writes = 0, chunks = 0, spans = 0] = [0, 1, 2].map((index) =>
    Number(slot.readBigUInt64LE(MAGIC.length + 8 * index)),
  )
  return { writes, chunks, spans }
}
